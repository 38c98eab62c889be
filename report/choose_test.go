package report

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestChoose: a hundred replicas with the same findings do not keep others
// from having a section, and the worst come first.
func TestChoose(t *testing.T) {
	var all []ranked
	add := func(n int, hour int, counts [4]int, names ...string) {
		f := &found{counts: counts}
		for _, name := range names {
			f.list = append(f.list, finding{Name: name})
		}
		for i := range n {
			all = append(all, ranked{id: fmt.Sprintf("%s-%d", strings.Join(names, "+"), i), taken: time.Date(2026, 11, 1, hour, 0, i, 0, time.UTC), findings: f})
		}
	}
	add(1, 1, [4]int{0, 0, 1, 0}, "odd-listeners")
	add(100, 2, [4]int{1, 1, 0, 0}, "miners", "tunnels")
	add(3, 3, [4]int{1, 0, 9, 9}, "miners")
	add(1, 4, [4]int{0, 0, 0, 5}, "info")
	slices.SortFunc(all, before)
	for place, want := range map[int]string{0: "miners+tunnels-99", 99: "miners+tunnels-0", 100: "miners-2", 103: "odd-listeners-0", 104: "info-0"} {
		if all[place].id != want {
			t.Errorf("place %d has %s, want %s", place, all[place].id, want)
		}
	}
	chosen := choose(all)
	if len(chosen) != maxSections {
		t.Errorf("%d are chosen", len(chosen))
	}
	for _, want := range []string{"odd-listeners-0", "info-0", "miners-0", "miners+tunnels-99", "miners+tunnels-55"} {
		if !chosen[want] {
			t.Errorf("%s is not chosen", want)
		}
	}
	if got := choose(all[:3]); len(got) != 3 {
		t.Errorf("of 3, %d are chosen", len(got))
	}
}

// TestShellWord: what is copied from the page into a shell is one word, and
// starts nothing.
func TestShellWord(t *testing.T) {
	for s, want := range map[string]string{
		"fleet.duckdb":          "fleet.duckdb",
		"my fleet.duckdb":       `"my fleet.duckdb"`,
		"":                      `""`,
		"FROM t WHERE id = 'a'": `"FROM t WHERE id = 'a'"`,
		"$(reboot)'s":           `'$(reboot)'\''s'`,
		"`x`":                   "'`x`'",
		"a\x1b[2J\n":            "'a\\x1b[2J\n'",
		"-rf":                   "-rf",
		"!!":                    "'!!'",
		"a;b":                   `"a;b"`,
	} {
		if got := shellWord(s); got != want {
			t.Errorf("%q: got %s, want %s", s, got, want)
		}
	}
}

// TestNiceStep: axes have steps that people count in.
func TestNiceStep(t *testing.T) {
	for v, want := range map[float64]float64{0: 1, -1: 1, 0.3: 0.5, 1: 1, 3: 5, 7: 10, 40: 50, 1234: 2000} {
		if got := niceStep(v); got != want {
			t.Errorf("%g: got %g, want %g", v, got, want)
		}
	}
}

// TestText: values on the page are short, on one line, and say what they are.
func TestText(t *testing.T) {
	long := ""
	for range 300 {
		long += "ä"
	}
	for want, v := range map[string]any{
		"2026-11-01 02:03:04": time.Date(2026, 11, 1, 2, 3, 4, 5678, time.UTC),
		"a, b\\n, 3":          []any{"a", "b\n", int32(3)},
		long[:398] + "…":      long,
		"":                    nil,
	} {
		if got := text(v); got != want {
			t.Errorf("%v: got %q, want %q", v, got, want)
		}
	}
}
