package main

import (
	"regexp"
	"slices"
	"strings"
)

// What the lines of one series, or of one classic histogram, begin with alike.
var (
	seriesOfLine = regexp.MustCompile(`^\s*([^\s{]*(?:\{[^}]*\})?)`)
	bucketLabel  = regexp.MustCompile(`,?\s*\ble="[^"]*"`)
	bucketSuffix = regexp.MustCompile(`^(\w+)_(?:bucket|count|sum)\b`)
)

// seriesBySeries writes a load command for each series, so that they are stored in this order or the other way round. Classic
// histograms stay together, for they may have to be read as native ones.
func seriesBySeries(loads string, backwards bool) string {
	var commands []string
	for block := range strings.SplitSeq(strings.TrimSpace(loads), "\n\n") {
		head, _ := headOf(block)
		_, body, _ := strings.Cut(block, head+"\n")
		for _, lines := range seriesLines(body) {
			commands = append(commands, head+"\n"+lines)
		}
	}
	if backwards {
		slices.Reverse(commands)
	}
	return strings.Join(commands, "\n")
}

func seriesLines(body string) []string {
	var order []string
	lines := map[string]string{}
	for line := range strings.Lines(body) {
		series := seriesOfLine.FindStringSubmatch(line)[1]
		key := bucketSuffix.ReplaceAllString(strings.Replace(bucketLabel.ReplaceAllString(series, ""), "{}", "", 1), "$1")
		if _, known := lines[key]; !known {
			order = append(order, key)
		}
		lines[key] += strings.TrimRight(line, "\n") + "\n"
	}
	groups := make([]string, len(order))
	for i, key := range order {
		groups[i] = lines[key]
	}
	return groups
}
