package main

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write what the commands of the documents print into them")

// documents are texts whose console blocks are run, with the fewest commands
// that must be found in each.
var documents = map[string]int{
	"README.md":                3,
	"docs/manual/ask.md":       18,
	"docs/manual/content.md":   10,
	"docs/manual/export.md":    15,
	"docs/manual/fleet.md":     11,
	"docs/manual/notebooks.md": 2,
	"docs/manual/trust.md":     4,
	"docs/memory.md":           8,
	"docs/ten-questions.md":    10,
}

// TestREADME runs every command in the console blocks of README.md and the
// other documents, in the order of the text, and compares what it prints with
// what the text shows.
func TestREADME(t *testing.T) {
	for name, fewest := range documents {
		t.Run(name, func(t *testing.T) { runDocument(t, filepath.Join("../..", filepath.FromSlash(name)), fewest) })
	}
}

func runDocument(t *testing.T, path string, fewest int) {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	dir := archivesFolder(t)
	var b strings.Builder
	inBlock := false
	commands := 0
	for line := range strings.Lines(string(text)) {
		switch {
		case line == "```console\n":
			inBlock = true
		case inBlock && line == "```\n":
			inBlock = false
		case inBlock && strings.HasPrefix(line, "$ "):
			b.WriteString(line)
			b.WriteString(shell(t, dir, strings.TrimPrefix(line, "$ ")))
			commands++
			continue
		case inBlock:
			continue // what it printed when the text was written
		}
		b.WriteString(line)
	}
	if commands < fewest {
		t.Errorf("only %d commands found in the console blocks", commands)
	}
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(stable(string(text)), stable(b.String())); diff != "" {
		t.Errorf("the text does not show what its commands print; see the difference, then run go test ./cmd/ckexport -run README -update\n%s", diff)
	}
}

// archivesFolder returns a folder with testdata's archives in archives/.
func archivesFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	paths, err := filepath.Glob("../../testdata/archives/*.tar*")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no archives in testdata: %v", err)
	}
	if err := os.Mkdir(filepath.Join(dir, "archives"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, p := range paths {
		data, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "archives", filepath.Base(p)), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// shell runs a command line with ckexport in its path, and returns what it
// prints on both streams.
func shell(t *testing.T, dir, line string) string {
	t.Helper()
	cmd := exec.Command("sh", "-c", line)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil && !strings.Contains(line, "exit code") {
		t.Errorf("%s: %v\n%s", strings.TrimSpace(line), err, out)
	}
	return strings.ReplaceAll(string(out), dir, "/home/you")
}

// varying is what differs from run to run: times, and the size of a database,
// by a block.
var varying = regexp.MustCompile(`in \d+\.\d+ s|files, \d+\.\d MiB`)

// stable replaces what differs from run to run.
func stable(s string) string { return varying.ReplaceAllString(s, "...") }
