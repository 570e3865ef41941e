package main

import (
	"fmt"
	"math/rand"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/promql/parser"
)

// query is an expression with the times at which it is asked.
type query struct {
	text string
	// In seconds; an instant query has step 0.
	start, end, step int
}

// ordered: the order of the result is part of it.
func (q query) ordered() bool { return q.step == 0 && strings.HasPrefix(q.text, "sort") }

// queryWriter writes well-typed expressions. What Prometheus adds to its table of functions is drawn without a change here.
type queryWriter struct {
	random *rand.Rand
	depth  int
}

const deepest = 4

var functionNames = func() []string {
	var names []string
	for name := range parser.Functions {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}()

func (w *queryWriter) query() query {
	at := w.random.Intn(1500)
	if w.random.Intn(2) == 0 {
		at -= at % 60
	}
	if w.random.Intn(2) == 0 {
		return query{text: w.instant(), start: at, end: at}
	}
	step := 7 + w.random.Intn(100)
	return query{text: w.instant(), start: at, end: at + step*w.random.Intn(8), step: step}
}

// instant is anything that has a value at an instant.
func (w *queryWriter) instant() string {
	switch w.random.Intn(20) {
	case 0:
		return w.scalar()
	default:
		return w.vector()
	}
}

func (w *queryWriter) pick(choices ...string) string { return pick(w.random, choices...) }

func (w *queryWriter) vector() string {
	w.depth++
	defer func() { w.depth-- }()
	if w.depth > deepest {
		return w.selector() + w.timing()
	}
	switch w.random.Intn(14) {
	case 0, 1, 2, 3, 4:
		return w.call(parser.ValueTypeVector)
	case 5, 6, 7:
		return w.aggregation()
	case 8, 9, 10:
		return w.binary()
	case 11:
		return w.pick("-", "+", "") + "(" + w.vector() + ")"
	case 12:
		return w.selector() + w.pick("", "", " smoothed") + w.timing()
	default:
		return w.selector() + w.timing()
	}
}

var metrics = []string{
	"requests_total", "limit", "answers_total", "temperature", "share", "seconds_bucket", "seconds_count", "seconds_sum", "seconds",
	"latency", "latency", "size_bytes", "size_bytes", "mixed", "target_info", `{"ünï.code"}`, "missing",
	`{__name__=~"limit|share"}`, `{__name__=~"re.*_total"}`, `{job="a", instance!=""}`,
}

func (w *queryWriter) selector() string {
	metric := metrics[w.random.Intn(len(metrics))]
	if strings.HasPrefix(metric, "{") || w.random.Intn(3) > 0 {
		return metric
	}
	return metric + "{" + w.pick(`job="a"`, `job!="a"`, `instance=~"0|1"`, `instance=~".+"`, `code!~"1.*"`, `instance=""`, `le="1"`, `job=~"[ab]",instance="1"`) + "}"
}

func (w *queryWriter) timing() string {
	switch w.random.Intn(12) {
	case 0:
		return " offset " + w.pick("1m", "30s", "-1m", "7m", "(30s+15s)", "step()")
	case 1:
		return " @ " + w.pick("300", "61.5", "start()", "end()", "0")
	case 2:
		return " @ " + w.pick("120", "end()") + " offset " + w.pick("1m", "-45s")
	default:
		return ""
	}
}

func (w *queryWriter) matrix() string {
	w.depth++
	defer func() { w.depth-- }()
	window := w.pick("1m", "2m", "3m", "5m", "90s", "10m", "45s", "1", "(1m+30s)", "max_of(1m,step())", "2m*2")
	switch w.random.Intn(8) {
	case 0, 1:
		if w.depth <= deepest {
			return fmt.Sprintf("(%s)[%s:%s]%s", w.vector(), window, w.pick("", "30s", "1m", "17s", "5s*3"), w.timing())
		}
	case 2:
		return fmt.Sprintf("%s[%s] %s%s", w.selector(), window, w.pick("anchored", "smoothed"), w.timing())
	}
	return fmt.Sprintf("%s[%s]%s", w.selector(), window, w.timing())
}

func (w *queryWriter) scalar() string {
	w.depth++
	defer func() { w.depth-- }()
	switch w.random.Intn(10) {
	case 0:
		if w.depth <= deepest {
			return "scalar(" + w.vector() + ")"
		}
	case 1:
		return w.pick("time()", "pi()", "step()", "range()", "start()", "end()", "min_of(1, 2)", "max_of(time(), 300)")
	case 2:
		if w.depth <= deepest {
			return fmt.Sprintf("(%s %s %s)", w.scalar(), w.pick("+", "-", "*", "/", "%", "^", "atan2", "== bool", "> bool", "<= bool"), w.scalar())
		}
	}
	return w.pick("0", "1", "2", "0.5", "0.9", "-1", "1e3", "NaN", "Inf", "-Inf", "3.7", "10", "1m", "0x1F", "-0.3")
}

func (w *queryWriter) argument(kind parser.ValueType) string {
	switch kind {
	case parser.ValueTypeMatrix:
		return w.matrix()
	case parser.ValueTypeScalar:
		return w.scalar()
	case parser.ValueTypeString:
		return w.pick(`"job"`, `"instance"`, `"new"`, `"$1"`, `"x-$1"`, `"(.*)"`, `"(a|0).*"`, `""`, `"__name__"`, `"le"`)
	default:
		return w.vector()
	}
}

func (w *queryWriter) call(wanted parser.ValueType) string {
	for {
		function := parser.Functions[functionNames[w.random.Intn(len(functionNames))]]
		if function.ReturnType != wanted {
			continue
		}
		switch function.Name {
		case "info":
			return "info(" + w.vector() + w.pick("", `, {version=~".+"}`, `, {__name__="build_info"}`, `, {env="prod"}`, `, {__name__=~".+_info",version!="1"}`) + ")"
		case "label_replace":
			return fmt.Sprintf(`label_replace(%s, %s, %s, %s, %s)`, w.vector(), w.pick(`"job"`, `"new"`, `"__name__"`),
				w.pick(`"$1"`, `"x-$1"`, `""`, `"${1}y"`), w.pick(`"job"`, `"instance"`, `"__name__"`), w.pick(`"(.*)"`, `"(a|0).*"`, `"(.)_?(.*)"`))
		case "histogram_quantiles":
			return fmt.Sprintf(`histogram_quantiles(%s, "q", %s, %s)`, w.histogram(), w.pick("0.5", "0", "-1"), w.pick("0.9", "1", "NaN"))
		case "histogram_quantile":
			return fmt.Sprintf("histogram_quantile(%s, %s)", w.pick("0.5", "0.9", "0", "1", "2", "-1", "NaN", "0.25"), w.histogram())
		case "histogram_fraction":
			return fmt.Sprintf("histogram_fraction(%s, %s)", w.pick("0, 1", "-Inf, 2", "1, Inf", "0.5, 5", "2, 1", "NaN, 1"), w.histogram())
		}
		return w.callOf(function)
	}
}

func (w *queryWriter) callOf(function *parser.Function) string {
	kinds := function.ArgTypes
	switch {
	case function.Variadic != 0 && len(kinds) > 0 && w.random.Intn(2) == 0:
		kinds = kinds[:len(kinds)-1]
	case function.Variadic < 0:
		kinds = append(slices.Clone(kinds), kinds[len(kinds)-1])
	}
	args := make([]string, len(kinds))
	for i, kind := range kinds {
		args[i] = w.argument(kind)
	}
	return function.Name + "(" + strings.Join(args, ", ") + ")"
}

// histogram is a vector of which quantiles make sense.
func (w *queryWriter) histogram() string {
	switch w.random.Intn(6) {
	case 0:
		return "rate(seconds_bucket[3m])" + w.pick("", "* 2")
	case 1:
		return "sum by (le, job) (rate(seconds_bucket[5m]))"
	case 2:
		return w.pick("sum", "avg") + w.pick("", " by (job)") + "(rate(" + w.pick("latency", "size_bytes") + "[5m]))"
	case 3:
		return "seconds_bucket"
	case 4:
		return w.vector()
	default:
		return w.pick("latency", "size_bytes", "mixed", "{__name__=~\"latency|seconds_bucket\"}")
	}
}

func (w *queryWriter) aggregation() string {
	grouping := w.pick("", "", " by (job)", " by (job, instance)", " without (instance)", " by ()", " without (job, code)", " by (le)", " by (__name__)")
	op := w.pick("sum", "sum", "avg", "avg", "count", "min", "max", "group", "stddev", "stdvar", "topk", "bottomk", "quantile", "count_values", "limit_ratio", "limitk")
	switch op {
	case "topk", "bottomk", "limitk":
		return fmt.Sprintf("%s%s (%s, %s)", op, grouping, w.pick("1", "2", "3", "0", "1.9", w.scalar()), w.vector())
	case "quantile":
		return fmt.Sprintf("%s%s (%s, %s)", op, grouping, w.scalar(), w.vector())
	case "limit_ratio":
		return fmt.Sprintf("%s%s (%s, %s)", op, grouping, w.pick("0.5", "-0.5", "1", "0", "1.5", "0.2"), w.vector())
	case "count_values":
		return fmt.Sprintf(`%s%s (%s, %s)`, op, grouping, w.pick(`"value"`, `"job"`), w.vector())
	}
	return fmt.Sprintf("%s%s (%s)", op, grouping, w.vector())
}

func (w *queryWriter) binary() string {
	left, right := "("+w.vector()+")", "("+w.vector()+")"
	if w.random.Intn(3) == 0 {
		right = w.scalar()
		if w.random.Intn(2) == 0 {
			left, right = right, left
		}
		return fmt.Sprintf("%s %s %s", left, w.operator(), right)
	}
	if w.random.Intn(4) == 0 {
		return fmt.Sprintf("%s %s %s %s", left, w.pick("and", "or", "unless"), w.matching(false), right)
	}
	return fmt.Sprintf("%s %s %s %s", left, w.operator(), w.matching(true), right)
}

func (w *queryWriter) operator() string {
	return w.pick("+", "-", "*", "/", "%", "^", "atan2", "==", "!=", "<", ">", "<=", ">=", "== bool", "!= bool", "> bool", "<= bool", "</", ">/")
}

func (w *queryWriter) matching(one bool) string {
	text := w.pick("", "", "on (job)", "on (job, instance)", "ignoring (code)", "ignoring (instance, version)", "on ()", "on (job, __name__)")
	if !one {
		return text
	}
	if text != "" {
		text += w.pick("", "", " group_left ()", " group_right ()", " group_left (version)", " group_right (version, env)", " group_left ()")
	}
	return text + w.pick("", "", "", " fill (0)", " fill_left (1)", " fill_right (-2)", " fill_left (1) fill_right (NaN)")
}
