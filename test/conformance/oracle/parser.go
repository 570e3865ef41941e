package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"slices"
	"unicode/utf8"

	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
)

// parserCase is one text and what Prometheus' parser makes of it: the tree printed again, or the error with its place in bytes.
type parserCase struct {
	Input   string `json:"input"`
	Printed string `json:"printed,omitempty"`
	Error   string `json:"error,omitempty"`
	Start   int    `json:"start"`
	End     int    `json:"end"`
}

// writeParserFile writes expressions, most of them damaged in one place.
func writeParserFile(dir string, seed int64, queries int) error {
	random := rand.New(rand.NewSource(seed))
	var cases []parserCase
	for range queries {
		text := (&queryWriter{random: random, depth: 1}).instant()
		for range random.Intn(3) {
			text = damaged(random, text)
		}
		if utf8.ValidString(text) {
			cases = append(cases, parse(text))
		}
	}
	encoded, err := json.MarshalIndent(cases, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, fmt.Sprintf("seed-%d.json", seed)), encoded, 0o644)
}

var scraps = []string{
	"(", ")", "{", "}", "[", "]", "[5m]", "[5m:1m]", " offset 5m", " offset", " @ 5", " @ start()", "+", "-", "*", "/", "%", "^", "==", "!=", "=~", "!~", "<", ">",
	" and ", " or ", " unless ", " by (a)", " without", " on (x)", " ignoring (x)", " group_left (y)", " group_right", " bool ", "sum", "sum(x)", "topk(1, x)", "rate(x[5m])",
	"rate", "foo", "1", "1.5", "5m", "0x1f", "1e3", "Inf", "NaN", `"text"`, `'it'`, "`raw`", ",", ":", " anchored", " smoothed", " fill (1)", " fill_left", "#", " # c\n", "$", "!", "~", ".",
	"=", "</", ">/", "atan2", "step()", "range()", "min_of(1,2)", "start", "end", "\\", `"\x"`, `"`, "'", "`", "é", "\n", "5", "m", "__name__", `"a.b"`, `{"a.b"}`, `{a="b"}`, "{a=~\"(\"}", "[5]", "[-5m]", "[0s]",
	"[5m", "5m:", "[1m+2m]", "[step()]", "@", "1_000", "0b1", "08", "1y2w", "time()", "count_values", "limitk", "info(x, {y=\"z\"})", "()", "true", "[1m:0s]", " offset -5m", " offset (1m*2)", "@ end()", "@ -1", "@ Inf",
}

// damaged puts a scrap somewhere, or takes a piece away.
func damaged(random *rand.Rand, text string) string {
	runes := []rune(text)
	at := random.Intn(len(runes) + 1)
	if random.Intn(3) == 0 && at < len(runes) {
		return string(slices.Delete(runes, at, min(len(runes), at+1+random.Intn(4))))
	}
	return string(runes[:at]) + scraps[random.Intn(len(scraps))] + string(runes[at:])
}

func parse(text string) parserCase {
	expr, err := parser.NewParser(promqltest.TestParserOpts).ParseExpr(text)
	if err == nil {
		return parserCase{Input: text, Printed: expr.String()}
	}
	var all parser.ParseErrors
	if !errors.As(err, &all) || len(all) == 0 {
		return parserCase{Input: text, Error: err.Error()}
	}
	first := all[0]
	return parserCase{Input: text, Error: first.Err.Error(), Start: int(first.PositionRange.Start), End: int(first.PositionRange.End)}
}

func sorted(texts []string) []string {
	copied := slices.Clone(texts)
	slices.Sort(copied)
	return copied
}
