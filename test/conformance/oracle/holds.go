package main

import (
	"regexp"
	"slices"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
)

// contextual calls mean something else in a range query.
var contextual = regexp.MustCompile(`(start|end|range|step)\(\)`)

// holds asks an instant query again in the ways in which runners of the test language do: as the middle of a range, and fixed by
// @ at other instants. What is not the same each time cannot be written as an instant query.
func (o *oracle) holds(q query, result *promql.Result) bool {
	if !o.holdsInRange(q, result) {
		return false
	}
	text, ok := fixed(q)
	if !ok {
		return true
	}
	times := []int{-10 * q.start, 0, q.start / 5, q.start, 10 * q.start}
	if q.start == 0 {
		times = []int{-1, 0, 1}
	}
	return !slices.ContainsFunc(times, func(at int) bool {
		again := query{text: text, start: at, end: at}
		return !same(result, o.run(again, o.storages[0])) || !o.holdsInRange(again, result)
	})
}

func (o *oracle) holdsInRange(q query, result *promql.Result) bool {
	if result.Err != nil || q.ordered() || contextual.MatchString(q.text) {
		return true
	}
	around := o.run(query{text: q.text, start: q.start - 60, end: q.start + 60, step: 60}, o.storages[0])
	if around.Err != nil {
		return false
	}
	return same(result, &promql.Result{Value: middle(around.Value.(promql.Matrix), int64(q.start)*1000, result.Value)})
}

// middle is the vector, or the scalar, that a matrix holds at an instant.
func middle(matrix promql.Matrix, at int64, like parser.Value) parser.Value {
	vector := promql.Vector{}
	for _, series := range matrix {
		for _, point := range series.Floats {
			if point.T == at {
				vector = append(vector, promql.Sample{Metric: series.Metric, T: at, F: point.F})
			}
		}
		for _, point := range series.Histograms {
			if point.T == at {
				vector = append(vector, promql.Sample{Metric: series.Metric, T: at, H: point.H})
			}
		}
	}
	if _, ok := like.(promql.Scalar); ok && len(vector) == 1 {
		return promql.Scalar{T: at, V: vector[0].F}
	}
	return vector
}

func same(a, b *promql.Result) bool {
	if a.Err != nil || b.Err != nil {
		return a.Err != nil && b.Err != nil && a.Err.Error() == b.Err.Error()
	}
	left, _ := valueLines(a.Value, query{})
	right, _ := valueLines(b.Value, query{})
	return slices.Equal(sorted(left), sorted(right))
}

// fixed puts @ on every selector and subquery that has none; false when a function of the current time is called.
func fixed(q query) (string, bool) {
	expr, err := parser.NewParser(promqltest.TestParserOpts).ParseExpr(q.text)
	if err != nil {
		return "", false
	}
	at, free := time.Unix(int64(q.start), 0).UnixMilli(), true
	parser.Inspect(expr, func(node parser.Node, path []parser.Node) error {
		// As in promqltest, what is inside of a fixed subquery is not looked at.
		if slices.ContainsFunc(path, isFixedSubquery) {
			return nil
		}
		if call, ok := node.(*parser.Call); ok {
			_, bound := promql.AtModifierUnsafeFunctions[call.Func.Name]
			free = free && !bound
		}
		fix(node, &at)
		return nil
	})
	return expr.String(), free
}

func isFixedSubquery(node parser.Node) bool {
	subquery, ok := node.(*parser.SubqueryExpr)
	return ok && subquery.Timestamp != nil
}

func fix(node parser.Node, at *int64) {
	switch node := node.(type) {
	case *parser.VectorSelector:
		if node.Timestamp == nil {
			node.Timestamp = at
		}
	case *parser.SubqueryExpr:
		if node.Timestamp == nil {
			node.Timestamp = at
		}
	}
}
