package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/ckexport/ckexport/compare"
	"github.com/ckexport/ckexport/schema"
)

// written returns a comparison as each format writes it.
func written(t *testing.T, d *compare.Diff, changes []compare.Change, counts compare.Counts) map[string]string {
	t.Helper()
	outputs := map[string]string{}
	for _, format := range []string{"text", "json", "markdown"} {
		var b bytes.Buffer
		out := bufio.NewWriter(&b)
		w := newDiffWriter(out, &diffOptions{format: format})
		w.begin(d)
		for _, c := range changes {
			w.change(c)
		}
		w.table(counts)
		w.end([]compare.Counts{counts}, []*schema.Table{schema.Tables()[0]})
		if err := out.Flush(); err != nil {
			t.Fatal(err)
		}
		outputs[format] = b.String()
	}
	return outputs
}

// TestDiffEscapes writes values that could steer a terminal, forge a line or
// break a cell: in keys, rows, differences and names of checkpoints.
func TestDiffEscapes(t *testing.T) {
	for _, evil := range append([]string{"a | b", "\n+ pid=1 forged", "x\n\n## forged\n", `"`, "`"}, evilNames...) {
		list := []any{evil, evil + "2", "a", "b", "c", "d", "e"}
		c := compare.Checkpoint{ID: evil, ContainerID: evil, ContainerName: evil, Archives: []string{evil}}
		changes := []compare.Change{
			{Table: "annotations", Kind: compare.Added, Key: []compare.Value{{Column: "key", Value: evil}}, Row: []compare.Value{{Column: "value", Value: evil}}},
			{Table: "annotations", Kind: compare.Removed, Key: []compare.Value{{Column: "key", Value: []byte(evil)}}, Row: []compare.Value{{Column: "value", Value: list}}},
			{Table: "annotations", Kind: compare.Changed, Key: []compare.Value{{Column: "key", Value: "k"}}, Differences: []compare.Difference{
				{Column: "value", Before: evil, After: strings.Repeat("x", 300) + evil}, {Column: "list", Before: list, After: []any{evil}}, {Column: "none", Before: nil, After: evil},
			}},
		}
		for format, text := range written(t, &compare.Diff{Pair: compare.Pair{Before: c, After: c}}, changes, compare.Counts{Table: "annotations", Added: 1, Removed: 1, Changed: 1}) {
			isPrintable(t, format, text)
			for line := range strings.Lines(text) {
				if strings.Contains(line, "forged") && (strings.HasPrefix(line, "+ ") || strings.HasPrefix(line, "## forged")) {
					t.Errorf("%s: a forged line: %s", format, line)
				}
				if cells := len(regexp.MustCompile(`(^|[^\\])\|`).FindAllString(line, -1)); format == "markdown" && strings.HasPrefix(line, "|") && cells != 4 && cells != 6 {
					t.Errorf("markdown: %d borders of cells: %s", cells, line)
				}
			}
			if format == "json" && !json.Valid([]byte(text)) {
				t.Errorf("%q: no JSON: %s", evil, text)
			}
		}
	}
}

// TestDiffShows: long values are cut where they begin to differ, of long
// lists only the difference is shown, and numbers are written as is usual.
func TestDiffShows(t *testing.T) {
	long := strings.Repeat("same ", 100)
	for want, d := range map[string]compare.Difference{
		"mode: 0644 → 4755":                           {Column: "mode", Before: uint32(0o644), After: uint32(0o4755)},
		"start_address: 0x1000 → NULL":                {Column: "start_address", Before: uint64(4096)},
		`comm: "" → sh`:                               {Column: "comm", Before: "", After: "sh"},
		`comm: "NULL" → "a b"`:                        {Column: "comm", Before: "NULL", After: "a b"},
		"size_bytes: 1 → 2":                           {Column: "size_bytes", Before: uint64(1), After: uint64(2)},
		"local_address: ::1 → ::2":                    {Column: "local_address", Before: "::1", After: "::2"},
		"groups: [1] → [1,2]":                         {Column: "groups", Before: []any{uint32(1)}, After: []any{uint32(1), uint32(2)}},
		"caps: +D -A":                                 {Column: "caps", Before: []any{"A", "B", "C", "E"}, After: []any{"B", "C", "D", "E"}},
		`args: ["a","b","c","d"] → ["d","c","b","a"]`: {Column: "args", Before: []any{"a", "b", "c", "d"}, After: []any{"d", "c", "b", "a"}},
		`spec: …same same same same before" → …same same same same after"`: {Column: "spec", Before: long + "before", After: long + "after"},
	} {
		if got := describeDifference(d); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
