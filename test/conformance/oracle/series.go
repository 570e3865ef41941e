package main

import (
	"fmt"
	"math/rand"
	"strings"
)

// seriesWriter writes series in the test language: few labels with few values, so that operators find partners.
type seriesWriter struct {
	random *rand.Rand
	text   strings.Builder
	length int
	// Classic histograms are to be read as native ones too: then Prometheus refuses any that do not add up.
	converts bool
}

func newSeriesWriter(random *rand.Rand) *seriesWriter {
	return &seriesWriter{random: random, length: 12 + random.Intn(30), converts: random.Intn(2) == 0}
}

// load writes one load command with series of every kind that the engine treats differently.
func (w *seriesWriter) load() string {
	suffix := map[bool]string{true: "_with_nhcb"}[w.converts]
	fmt.Fprintf(&w.text, "load%s %s\n", suffix, pick(w.random, "15s", "30s", "1m", "1m", "90s"))
	for _, labels := range w.labelSets(`job="%s",instance="%d"`, 2, 3) {
		w.series("requests_total{"+labels+"}", w.counter, true)
		w.series("limit{"+labels+"}", w.gauge, false)
	}
	for _, labels := range w.labelSets(`job="%s",code="%d"`, 2, 2) {
		w.series("answers_total{"+labels+"}", w.counter, true)
		w.series("temperature{"+labels+"}", w.special, false)
	}
	for _, job := range []string{"a", "b"} {
		w.series(fmt.Sprintf(`share{job="%s"}`, job), w.gauge, false)
		w.classicHistogram(job)
		w.series(fmt.Sprintf(`latency{job="%s"}`, job), w.exponential, true)
		w.series(fmt.Sprintf(`latency{job="%s",instance="1"}`, job), w.exponential, false)
		w.series(fmt.Sprintf(`size_bytes{job="%s"}`, job), w.custom, false)
		w.series(fmt.Sprintf(`mixed{job="%s"}`, job), w.mixed, false)
		w.series(fmt.Sprintf(`target_info{job="%s",instance="1",version="%d",env="prod"}`, job, w.random.Intn(3)), w.one, false)
		w.series(fmt.Sprintf(`build_info{job="%s",instance="1",version="x%d"}`, job, w.random.Intn(3)), w.one, false)
	}
	w.series(`{"ünï.code", job="a", "le-gal"="y"}`, w.gauge, false)
	return w.text.String()
}

func (w *seriesWriter) labelSets(format string, jobs, others int) []string {
	var sets []string
	for job := range jobs {
		for other := range others {
			if w.random.Intn(8) > 0 {
				sets = append(sets, fmt.Sprintf(format, string(rune('a'+job)), other))
			}
		}
	}
	return sets
}

// series writes one line of values; samples go missing and become stale now and then. Counters may have start times.
func (w *seriesWriter) series(metric string, value func(i int) string, isCounter bool) {
	values := make([]string, w.length)
	for i := range values {
		switch w.random.Intn(16) {
		case 0:
			values[i] = "_"
		case 1:
			values[i] = pick(w.random, "stale", "_", value(i))
		default:
			values[i] = value(i)
		}
	}
	if isCounter && w.random.Intn(3) == 0 {
		fmt.Fprintf(&w.text, "  %s@st%s\n", metric, w.startTimes(len(values)))
	}
	fmt.Fprintf(&w.text, "  %s %s\n", metric, strings.Join(values, " "))
}

func (w *seriesWriter) startTimes(count int) string {
	var text strings.Builder
	for range count {
		text.WriteString(pick(w.random, " _", " _", " -1m", " -10s", " -5m", " 0s", " -30s"))
	}
	return text.String()
}

func (w *seriesWriter) counter(i int) string {
	if w.random.Intn(9) == 0 {
		return fmt.Sprint(w.random.Intn(4))
	}
	return fmt.Sprint(i*7 + w.random.Intn(7))
}

func (w *seriesWriter) gauge(int) string {
	return pick(w.random, fmt.Sprint(w.random.Intn(10)), fmt.Sprintf("%.3f", w.random.NormFloat64()*20))
}

func (w *seriesWriter) special(i int) string {
	return pick(w.random, w.gauge(i), w.gauge(i), w.gauge(i), "NaN", "Inf", "-Inf", "0", "1e300", "-1e-7")
}

func (w *seriesWriter) one(int) string { return "1" }

func (w *seriesWriter) classicHistogram(job string) {
	write, height := w.series, 0
	if w.converts {
		write = w.whole
	}
	for _, le := range []string{"0.1", "1", "10", "+Inf"} {
		height += 1 + w.random.Intn(3)
		rate := height
		write(fmt.Sprintf(`seconds_bucket{job="%s",le="%s"}`, job, le), func(i int) string { return fmt.Sprint(i * rate) }, false)
	}
	write(fmt.Sprintf(`seconds_count{job="%s"}`, job), func(i int) string { return fmt.Sprint(i * height) }, false)
	write(fmt.Sprintf(`seconds_sum{job="%s"}`, job), func(i int) string { return fmt.Sprint(i * 21) }, false)
}

// whole is a series without gaps.
func (w *seriesWriter) whole(metric string, value func(i int) string, _ bool) {
	values := make([]string, w.length)
	for i := range values {
		values[i] = value(i)
	}
	fmt.Fprintf(&w.text, "  %s %s\n", metric, strings.Join(values, " "))
}

// exponential is a native histogram whose counts mostly grow; schemas and zero buckets differ now and then.
func (w *seriesWriter) exponential(i int) string {
	grow := i
	if w.random.Intn(10) == 0 {
		grow = 0
	}
	counts := []int{1 + grow*2, grow + w.random.Intn(2), 3 + grow, 0, 1 + grow/2}
	negative := []int{grow, 1}
	zero := grow + 1
	total := zero
	for _, count := range append(counts, negative...) {
		total += count
	}
	schema, offset, width := pick(w.random, "0", "0", "0", "1", "-1"), pick(w.random, "0", "0", "-2"), "0.001"
	if schema == "0" && offset == "0" && w.random.Intn(3) == 0 {
		// Wide, but not so wide that it overlaps with a bucket: that is no histogram.
		width = "0.5"
	}
	return fmt.Sprintf("{{schema:%s count:%d sum:%d z_bucket:%d z_bucket_w:%s offset:%s buckets:[%s] n_buckets:[%s]%s}}",
		schema, total, total*2-w.random.Intn(40), zero, width, offset, spaced(counts), spaced(negative), w.hint())
}

func (w *seriesWriter) custom(i int) string {
	counts := []int{i, 2 * i, i + w.random.Intn(2), 1}
	total := 0
	for _, count := range counts {
		total += count
	}
	bounds := pick(w.random, "1 5 10", "1 5 10", "1 5 10", "1 5 20", "2 5 10")
	return fmt.Sprintf("{{schema:-53 count:%d sum:%d custom_values:[%s] buckets:[%s]%s}}", total, total*3, bounds, spaced(counts), w.hint())
}

func (w *seriesWriter) hint() string {
	return pick(w.random, "", "", "", "", "", " counter_reset_hint:gauge", " counter_reset_hint:reset", " counter_reset_hint:not_reset")
}

func (w *seriesWriter) mixed(i int) string {
	return pick(w.random, w.gauge(i), w.exponential(i), w.exponential(i), w.custom(i))
}

func spaced(numbers []int) string {
	return strings.Trim(fmt.Sprint(numbers), "[]")
}

func pick(random *rand.Rand, choices ...string) string {
	return choices[random.Intn(len(choices))]
}
