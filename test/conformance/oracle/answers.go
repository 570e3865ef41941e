package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/util/teststorage"
)

// bench stands in for the *testing.T that promqltest asks for; what it cannot do, the embedded nil would panic at.
type bench struct {
	testing.TB
	problem  string
	cleanups []func()
}

func (b *bench) Helper()                           {}
func (b *bench) Name() string                      { return "oracle" }
func (b *bench) Cleanup(f func())                  { b.cleanups = append(b.cleanups, f) }
func (b *bench) Errorf(format string, args ...any) { b.problem = fmt.Sprintf(format, args...) }
func (b *bench) FailNow()                          { panic(errors.New(b.problem)) }

// oracle is Prometheus' engine over several stores of the same series in different orders: what depends on the order is no answer.
type oracle struct {
	bench    *bench
	engine   *promql.Engine
	storages []*teststorage.TestStorage
}

func newOracle(load string) (made *oracle, err error) {
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("loading the series: %v", problem)
		}
	}()
	b := &bench{}
	made = &oracle{bench: b}
	made.engine = promqltest.NewTestEngine(b, false, 5*time.Minute, promqltest.DefaultMaxSamplesPerQuery)
	// One load command stores its series in random order.
	for _, text := range []string{seriesBySeries(load, false), seriesBySeries(load, true), load, load} {
		made.storages = append(made.storages, loaded(b, text, made.engine))
	}
	return made, nil
}

// lasting outlives the test script that fills it.
type lasting struct{ *teststorage.TestStorage }

func (lasting) Close() error { return nil }

// loaded is a store with the series of a script. promqltest has one of its own, but it forgets start times.
func loaded(b *bench, load string, engine *promql.Engine) *teststorage.TestStorage {
	made := teststorage.New(b, func(options *tsdb.Options) {
		options.EnableSTStorage = true
		options.FloatChunkEncoding = chunkenc.EncXOR2
		options.EnableHistogramSTEncoding = true
	})
	promqltest.RunTestWithStorage(b, load, engine, func(testing.TB) storage.Storage { return lasting{made} })
	return made
}

func (o *oracle) close() {
	for _, series := range o.storages {
		_ = series.Close()
	}
	for _, cleanup := range o.bench.cleanups {
		cleanup()
	}
}

// ask gives the eval command for a query; false when it has no answer that holds in every way in which the runner asks again.
func (o *oracle) ask(q query) (string, bool) {
	if _, err := parser.NewParser(promqltest.TestParserOpts).ParseExpr(q.text); err != nil {
		// The language has no eval of what does not parse.
		return "", false
	}
	result := o.run(q, o.storages[0])
	command, ok := commandOf(q, result)
	for _, other := range o.storages[1:] {
		if again, _ := commandOf(q, o.run(q, other)); !ok || command != again {
			return "", false
		}
	}
	return command, q.step > 0 || o.holds(q, result)
}

// accidents are failures that say nothing about the query: a limit, and a panic when the text of a histogram of custom bounds is asked for
// that was multiplied by NaN.
var accidents = []string{"too many samples", "histograms with custom buckets have no zero bucket"}

func commandOf(q query, result *promql.Result) (string, bool) {
	head := fmt.Sprintf("eval instant at %ds %s\n", q.start, q.text)
	if q.step > 0 {
		head = fmt.Sprintf("eval range from %ds to %ds step %ds %s\n", q.start, q.end, q.step, q.text)
	}
	if result.Err != nil {
		return head + failure(result.Err.Error()), !slices.ContainsFunc(accidents, func(text string) bool { return strings.Contains(result.Err.Error(), text) })
	}
	if q.ordered() {
		head += "  expect ordered\n"
	}
	warnings, infos := result.Warnings.AsStrings(q.text, 0, 0)
	values, ok := valueLines(result.Value, q)
	if !q.ordered() {
		// The order of a vector's elements is that of the store.
		values = sorted(values)
	}
	return head + annotationLines("warn", warnings) + annotationLines("info", infos) + strings.Join(values, ""), ok
}

// failure is how the language expects an error. It has no lines of many lines nor with spaces at their ends; and which two of
// several duplicates are named depends on the order of the series.
func failure(message string) string {
	if at := strings.Index(message, ": ["); strings.HasPrefix(message, "found duplicate series") && at > 0 {
		group := strings.Index(message, "{")
		return "  expect fail regex: ^" + regexp.QuoteMeta(message[:group]) + ".*" + regexp.QuoteMeta(message[strings.Index(message, "}"):at]) + "\n"
	}
	if strings.ContainsAny(message, "\n\r") || strings.TrimSpace(message) != message {
		return "  expect fail\n"
	}
	return "  expect fail msg: " + message + "\n"
}

func (o *oracle) run(q query, series *teststorage.TestStorage) *promql.Result {
	start, end := time.Unix(int64(q.start), 0), time.Unix(int64(q.end), 0)
	made, err := o.engine.NewInstantQuery(context.Background(), series, nil, q.text, start)
	if q.step > 0 {
		made, err = o.engine.NewRangeQuery(context.Background(), series, nil, q.text, start, end, time.Duration(q.step)*time.Second)
	}
	if err != nil {
		return &promql.Result{Err: err}
	}
	defer made.Close()
	return detached(made.Exec(context.Background()))
}

// detached copies a result, because closing the query gives its memory back.
func detached(result *promql.Result) *promql.Result {
	if matrix, ok := result.Value.(promql.Matrix); ok {
		copied := make(promql.Matrix, len(matrix))
		for i, series := range matrix {
			copied[i] = promql.Series{Metric: series.Metric.Copy(), Floats: append([]promql.FPoint{}, series.Floats...)}
			for _, point := range series.Histograms {
				copied[i].Histograms = append(copied[i].Histograms, promql.HPoint{T: point.T, H: point.H.Copy()})
			}
		}
		return &promql.Result{Err: result.Err, Value: copied, Warnings: result.Warnings}
	}
	return result
}

func annotationLines(kind string, messages []string) string {
	if len(messages) == 0 {
		return fmt.Sprintf("  expect no_%s\n", kind)
	}
	var lines strings.Builder
	for _, message := range sorted(messages) {
		if at := strings.Index(message, ", from buckets"); at > 0 {
			// In a range query upstream counts what it merges again at every step.
			fmt.Fprintf(&lines, "  expect %s regex: ^%s, from buckets\n", kind, regexp.QuoteMeta(message[:at]))
			continue
		}
		fmt.Fprintf(&lines, "  expect %s msg: %s\n", kind, message)
	}
	return lines.String()
}

func valueLines(value any, q query) ([]string, bool) {
	var lines []string
	switch value := value.(type) {
	case promql.Scalar:
		return []string{"  " + formatFloat(value.V) + "\n"}, true
	case promql.String:
		return []string{"  expect string " + strconv.Quote(value.V) + "\n"}, true
	case promql.Vector:
		for _, sample := range value {
			text, ok := formatValue(sample.F, sample.H)
			if !ok {
				return nil, false
			}
			lines = append(lines, "  "+formatMetric(sample.Metric)+" "+text+"\n")
		}
	case promql.Matrix:
		for _, series := range value {
			text, ok := formatPoints(series, q)
			if !ok {
				return nil, false
			}
			lines = append(lines, "  "+formatMetric(series.Metric)+text+"\n")
		}
	}
	return lines, true
}

func formatPoints(series promql.Series, q query) (string, bool) {
	points := map[int64]string{}
	for _, point := range series.Floats {
		points[point.T], _ = formatValue(point.F, nil)
	}
	for _, point := range series.Histograms {
		text, ok := formatValue(0, point.H)
		if !ok {
			return "", false
		}
		points[point.T] = text
	}
	var text strings.Builder
	for second := q.start; second <= q.end; second += q.step {
		if point, ok := points[int64(second)*1000]; ok {
			text.WriteString(" " + point)
		} else {
			text.WriteString(" _")
		}
	}
	return text.String(), true
}

// formatValue writes a histogram with its hint even when that is unknown, so that the hint is compared.
func formatValue(value float64, h *histogram.FloatHistogram) (text string, ok bool) {
	if h == nil {
		return formatFloat(value), true
	}
	defer func() { ok = recover() == nil }()
	text = h.TestExpression()
	if !strings.Contains(text, "counter_reset_hint") {
		text = strings.TrimSuffix(text, "}}") + " counter_reset_hint:unknown}}"
	}
	return text, true
}

func formatFloat(value float64) string {
	return strconv.FormatFloat(value, 'g', -1, 64)
}

// formatMetric quotes names, so that any label name can be written.
func formatMetric(metric labels.Labels) string {
	var parts []string
	metric.Range(func(label labels.Label) {
		parts = append(parts, strconv.Quote(label.Name)+"="+strconv.Quote(label.Value))
	})
	return "{" + strings.Join(parts, ", ") + "}"
}
