// Oracle asks Prometheus' own engine random queries over random series and writes what it answers as files of its
// test language, for our runner to judge. README.md says how to use it.
package main

import (
	"flag"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
)

func main() {
	dir := flag.String("out", "", "directory for the files; it is created")
	seed := flag.Int64("seed", 1, "first seed; every file has one of its own")
	files := flag.Int("files", 10, "number of files")
	queries := flag.Int("queries", 60, "queries per file")
	kind := flag.String("kind", "evaluation", "evaluation: .test files; parser: expressions and what Prometheus' parser says, as JSON")
	asked := flag.String("fill", "", "a .test file: print it with Prometheus' answers instead")
	flag.Parse()
	if *asked != "" {
		if err := fill(*asked); err != nil {
			fail(err)
		}
		return
	}
	if *dir == "" {
		fmt.Fprintln(os.Stderr, "usage: oracle -out DIR [-seed N] [-files N] [-queries N] [-kind evaluation|parser] | oracle -fill FILE")
		os.Exit(2)
	}
	if err := os.MkdirAll(*dir, 0o755); err != nil {
		fail(err)
	}
	for i := range int64(*files) {
		write := writeTestFile
		if *kind == "parser" {
			write = writeParserFile
		}
		if err := write(*dir, *seed+i, *queries); err != nil {
			fail(err)
		}
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func writeTestFile(dir string, seed int64, queries int) error {
	random := rand.New(rand.NewSource(seed))
	text := newSeriesWriter(random).load()
	engine, err := newOracle(text)
	if err != nil {
		return fmt.Errorf("seed %d: %w", seed, err)
	}
	defer engine.close()
	for range queries {
		query := (&queryWriter{random: random}).query()
		if answer, ok := engine.ask(query); ok {
			text += "\n" + answer
		}
	}
	return os.WriteFile(filepath.Join(dir, fmt.Sprintf("seed-%d.test", seed)), []byte(text), 0o644)
}
