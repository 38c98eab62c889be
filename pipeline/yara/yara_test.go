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

func TestModuleThatReadsFilesIsRefused(t *testing.T) {
	if _, err := Compile([]File{{"m.yar", `import "magic" rule m { condition: magic.type() contains "x" }`}}); err == nil || !strings.Contains(err.Error(), "magic") {
		t.Errorf("module magic: %v", err)
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

// TestModulesOverBlocks evaluates what reads content over one that was let go of,
// and over none: libyara's modules must find nothing, and not crash.
func TestModulesOverBlocks(t *testing.T) {
	rules := compileText(t, `import "hash" import "math" import "elf" import "pe" import "dotnet" import "time" import "console" import "cuckoo"
		rule md5 { condition: hash.md5(0, 100) == "x" } rule sum { condition: hash.checksum32(0, 100) == 1 } rule sha256 { condition: hash.sha256(0, filesize) == "x" }
		rule entropy { condition: math.entropy(0, 100) > 1.0 } rule mean { condition: math.mean(10, 20) > 1.0 } rule count { condition: math.count(0x61) > 0 } rule mode { condition: math.mode() == 0x61 }
		rule type { condition: elf.type == elf.ET_EXEC or elf.number_of_sections > 0 } rule dll { condition: pe.is_dll() or pe.imphash() == "x" or pe.number_of_sections > 0 } rule net { condition: dotnet.number_of_streams > 0 }
		rule entry { condition: entrypoint == 0 } rule bytes { condition: uint32(0) == 1 or uint16be(100) == 0x6161 or int8(1) == 0x61 } rule log { condition: console.log("", 1) and time.now() == 1 }
		rule box { condition: cuckoo.network.http_get(/x/) } rule behind { strings: $a = "aaaa" condition: $a and for any i in (1..#a) : (uint8(@a[i]) == 0x62) }`)
	s := newScan(t, rules)
	for _, blocks := range []int{0, 1, 3} {
		s.Begin()
		for i := range blocks {
			if err := s.Block(bytes.Repeat([]byte("a"), 1000), uint64(0x1000*i)); err != nil {
				t.Fatal(err)
			}
		}
		if hits, _, err := s.End(nil, -1, rules.NewBudget(10)); err != nil || len(hits) > 0 {
			t.Errorf("%d blocks: %+v, %v", blocks, hits, err)
		}
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
	s.Begin() // a string that was no longer looked for is looked for again
	if hits, skipped, err := s.End([]byte("aaaa"), 4, rules.NewBudget(10)); err != nil || skipped || len(hits) != 1 {
		t.Errorf("%d hits in the next content, %v, %v", len(hits), skipped, err)
	}
}
