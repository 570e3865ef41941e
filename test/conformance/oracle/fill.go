package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

var (
	instantHead = regexp.MustCompile(`^eval instant at (\S+) (.+)$`)
	rangeHead   = regexp.MustCompile(`^eval range from (\S+) to (\S+) step (\S+) (.+)$`)
)

// fill prints a .test file written by hand, with Prometheus' answers in the place of what its evals expect.
func fill(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var loads string
	for block := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n\n") {
		head, comment := headOf(block)
		switch {
		case strings.HasPrefix(head, "clear"):
			loads = ""
		case strings.HasPrefix(head, "load"):
			loads += block + "\n\n"
		case strings.HasPrefix(head, "eval"):
			if block, err = answered(loads, head); err != nil {
				return err
			}
			block = comment + block
		}
		fmt.Println(strings.TrimRight(block, "\n") + "\n")
	}
	return nil
}

// headOf is the first line of a block behind its comments.
func headOf(block string) (head, comment string) {
	for line := range strings.SplitSeq(block, "\n") {
		if !strings.HasPrefix(line, "#") {
			return line, comment
		}
		comment += line + "\n"
	}
	return "", comment
}

func answered(loads, head string) (string, error) {
	q, err := queryOf(head)
	if err != nil {
		return "", err
	}
	o, err := newOracle(loads)
	if err != nil {
		return "", err
	}
	defer o.close()
	if answer, ok := o.ask(q); ok {
		return answer, nil
	}
	answer, _ := commandOf(q, o.run(q, o.storages[0]))
	return "# NO ANSWER THAT HOLDS\n" + answer, nil
}

func queryOf(head string) (query, error) {
	if parts := instantHead.FindStringSubmatch(head); parts != nil {
		at, err := seconds(parts[1])
		return query{text: parts[2], start: at, end: at}, err
	}
	parts := rangeHead.FindStringSubmatch(head)
	if parts == nil {
		return query{}, fmt.Errorf("not an eval: %q", head)
	}
	start, err := seconds(parts[1])
	if err != nil {
		return query{}, err
	}
	end, err := seconds(parts[2])
	if err != nil {
		return query{}, err
	}
	step, err := seconds(parts[3])
	return query{text: parts[4], start: start, end: end, step: step}, err
}

func seconds(text string) (int, error) {
	duration, err := model.ParseDuration(text)
	return int(time.Duration(duration) / time.Second), err
}
