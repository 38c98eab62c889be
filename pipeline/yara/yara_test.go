//go:build yara && cgo

package yara

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// compileText compiles one file of rules.
func compileText(t *testing.T, text string) *Rules {
	t.Helper()
	rules, err := Compile([]File{{"test", text}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(rules.Close)
	return rules
}

func newScan(t *testing.T, rules *Rules) *Scan {
	t.Helper()
	s, err := rules.NewScan()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func TestRulesSayWhatTheyAre(t *testing.T) {
	rules := compileText(t, `rule both : first second { meta: description = "says \"it\"" score = 7 sure = true condition: true }`)
	r := rules.Rules()[0]
	if r.Name != "both" || r.Namespace != "test" || strings.Join(r.Tags, " ") != "first second" {
		t.Errorf("rule %+v", r)
	}
	want := []Meta{{"description", `says "it"`}, {"score", int64(7)}, {"sure", true}}
	if len(r.Meta) != len(want) {
		t.Fatalf("meta %v, want %v", r.Meta, want)
	}
	for i := range want {
		if r.Meta[i] != want[i] {
			t.Errorf("meta %v, want %v", r.Meta[i], want[i])
		}
	}
}

func TestMistakesNameFileAndLine(t *testing.T) {
	for text, want := range map[string]string{
		"rule a {\n condition: $x }":       `bad.yar:2: undefined string "$x"`,
		"include \"/etc/passwd\"":          "bad.yar:1: ",
		"rule a { condition: true }\n\x00": "bad.yar:2: a NUL byte",
	} {
		_, err := Compile([]File{{"good.yar", "rule g { condition: true }"}, {"bad.yar", text}})
		if !errors.As(err, new(CompileErrors)) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

// TestConditionsSeeAllBlocks has the strings of a condition in different blocks,
// one of them in two, and another content behind.
func TestConditionsSeeAllBlocks(t *testing.T) {
	rules := compileText(t, `rule both { strings: $a = "hello" $b = /wor+ld/ condition: all of them }
		rule large { condition: filesize == 1000 }`)
	s := newScan(t, rules)
	scan := func(size int64, blocks ...string) []Hit {
		s.Begin()
		for i, b := range blocks {
			if err := s.Block([]byte(b), 0x7fff_ffff_f000+uint64(i)*8); err != nil {
				t.Fatal(err)
			}
		}
		hits, skipped, err := s.End(nil, size, rules.NewBudget(100))
		if err != nil || skipped {
			t.Fatal(err, skipped)
		}
		return hits
	}
	hits := scan(1000, "hello world", "rld again", "hello worrrld")
	var got []string
	for _, h := range hits {
		got = append(got, h.Rule.Name+h.String+string(h.Matched))
	}
	if strings.Join(got, " ") != "both$ahello both$ahello both$bworld both$bworrrld large" {
		t.Errorf("hits %q", got)
	}
	if hits[3].Address != 0x7fff_ffff_f000+16+6 || hits[3].Length != 7 || hits[4].String != "" {
		t.Errorf("hits %+v", hits)
	}
	s.Begin()
	if err := s.Block([]byte("hello"), 0); err != nil { // given up
		t.Fatal(err)
	}
	if hits := scan(-1, "world"); len(hits) > 0 {
		t.Errorf("of another content: %+v", hits)
	}
}

func TestConditionsReadTheOnlyBlock(t *testing.T) {
	rules := compileText(t, `import "elf" rule magic { condition: uint32(0) == 0x464c457f and filesize < 10 } rule parsed { condition: elf.type == elf.ET_EXEC }`)
	s := newScan(t, rules)
	s.Begin()
	hits, _, err := s.End([]byte("\x7fELF1234"), 8, rules.NewBudget(1))
	if err != nil || len(hits) != 1 || hits[0].Rule.Name != "magic" {
		t.Errorf("hits %+v, %v", hits, err)
	}
}

// TestHitsAreBounded scans what matches at every byte.
func TestHitsAreBounded(t *testing.T) {
	rules := compileText(t, `rule often { strings: $a = "aaaa" condition: $a } rule once { strings: $b = "baaa" condition: $b }`)
	s := newScan(t, rules)
	budget := rules.NewBudget(10)
	content := bytes.Repeat([]byte("a"), 256<<10)
	s.Begin()
	for i := range 20 {
		if err := s.Block(content, uint64(i*len(content))); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Block([]byte("baaa"), 1<<40); err != nil {
		t.Fatal(err)
	}
	hits, skipped, err := s.End(nil, -1, budget)
	if err != nil || !skipped || len(hits) != 11 {
		t.Errorf("%d hits, %v, %v", len(hits), skipped, err)
	}
	if spent := budget.Spent(); len(spent) != 1 || spent[0].Name != "often" {
		t.Errorf("spent %v", spent)
	}
	s.Begin()
	if hits, _, err := s.End(content, -1, budget); err != nil || len(hits) > 0 {
		t.Errorf("%d hits behind the budget, %v", len(hits), err)
	}
}
