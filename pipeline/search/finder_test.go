package search

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"testing"

	"github.com/ckexport/ckexport/pipeline/scan"
)

// find returns the texts and places that a pattern matches in a content that comes in
// pieces.
func find(t testing.TB, p *Pattern, content []byte, piece func() int) []string {
	t.Helper()
	var got []string
	f := finder{pattern: p, found: func(b *scan.Block, from, to int) {
		got = append(got, fmt.Sprintf("%d %q", b.Address+uint64(from), b.Data[from:to]))
	}}
	w := scan.NewWindows(f.block)
	for at := 0; at < len(content); {
		n := min(len(content)-at, piece())
		w.Add(uint64(at), content[at:at+n])
		at += n
	}
	w.Close()
	return got
}

func parse(t testing.TB, text string, s Syntax) *Pattern {
	t.Helper()
	p, err := Parse(text, s)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return p
}

// TestFinderAgreesWithRegexp finds patterns in blocks, with and without a filter, and
// compares that with what the regular expression finds in the whole.
func TestFinderAgreesWithRegexp(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	words := []string{"token=", "TOKEN", "Bearer ", "10.0.0.1", "cafe", "user@example.org", "\x00", "\n", "ſecret", "Kelvin", "\xff", "-----BEGIN", " ", "7f454c46", "eyJhbGciOi", "key"}
	var content []byte
	for len(content) < 3*scan.BlockSize {
		content = append(content, words[random.IntN(len(words))]...)
		if random.IntN(4) == 0 {
			content = append(content, bytes.Repeat([]byte{byte(random.IntN(256))}, random.IntN(50))...)
		}
	}
	for text, filtered := range map[string]bool{
		`token=\w+`: true, `\d+\.\d+\.\d+\.\d+`: true, `(?i)bearer\s`: true, `[0-9]{1,3}(\.[0-9]{1,3}){3}`: true, `(user|key)[a-z@]{3,5}xam`: true, `c?[a-f]{4,}\s`: true, `(?i)secret`: true, `(?i)key`: true, `[0-9a-f]{8}`: true, `\btoken`: true, `^TOKEN`: true,
		`TOKEN$`: true, `[a-z.]+@[a-z.]+\.(org|com)`: true, `(BEGIN|TOKEN|Bearer)`: true, `cafe.{3}`: true, `\w+`: false, `[^\x00-\x7f]`: false, `eyJ[A-Za-z0-9]{7}(token|cafe)?`: true,
		`(token|TOKEN|cafe|key|Bearer)=?`: true, `e[lv]+`: true, `-{5}BEGIN[^a]`: true,
	} {
		p := parse(t, text, Syntax{})
		if p.exact == nil && (p.filter != nil) != filtered {
			t.Errorf("%s: filter is %v, want %v", text, p.filter != nil, filtered)
		}
		var want []string
		re := p.re
		if re == nil {
			re = regexp.MustCompile(text)
		}
		for _, m := range re.FindAllIndex(content, -1) {
			want = append(want, fmt.Sprintf("%d %q", m[0], content[m[0]:m[1]]))
		}
		got := find(t, p, content, func() int { return 1 + random.IntN(scan.BlockSize) })
		if !slices.Equal(got, want) {
			t.Errorf("%s: %d matches, want %d: %s", text, len(got), len(want), firstDifference(got, want))
		}
	}
}

func firstDifference(got, want []string) string {
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			return fmt.Sprintf("match %d is %s, want %s", i, got[i], want[i])
		}
	}
	return "the last ones are missing"
}

// TestTextsAtBorders finds a text at each place around where blocks end.
func TestTextsAtBorders(t *testing.T) {
	const text = "MARKER-OF-THE-TEST"
	for _, s := range []struct {
		pattern string
		Syntax
	}{{text, Syntax{Fixed: true}}, {"marker-OF-the-test", Syntax{Fixed: true, FoldCase: true}}, {"4d41 52 ?? 45 52 2d 4f 46 ??", Syntax{Hex: true}}, {`M[A-Z]+-OF-[A-Z-]+`, Syntax{}}} {
		p := parse(t, s.pattern, s.Syntax)
		for shift := range 50 {
			content := bytes.Repeat([]byte{'.'}, 3*scan.BlockSize)
			var want []int
			for at := 4096 + shift; at+len(text) < len(content); at += 4096 {
				copy(content[at:], text)
				want = append(want, at)
			}
			got := find(t, p, content, func() int { return 10_000 })
			if len(got) != len(want) {
				t.Fatalf("%s, shift %d: %d matches, want %d", s.pattern, shift, len(got), len(want))
			}
		}
	}
}

func TestDotsEndAtNUL(t *testing.T) {
	p := parse(t, `key=.*`, Syntax{})
	if got := find(t, p, []byte("\x00key=value\x00more\nkey=\x00"), func() int { return 100 }); !slices.Equal(got, []string{`1 "key=value"`, `16 "key="`}) {
		t.Errorf("%v", got)
	}
}

func TestBadPatterns(t *testing.T) {
	for _, c := range []struct {
		pattern string
		Syntax
	}{{"", Syntax{}}, {"(", Syntax{}}, {"a*", Syntax{}}, {"abc", Syntax{Hex: true}}, {"xx", Syntax{Hex: true}}, {"????", Syntax{Hex: true}}, {"00", Syntax{Hex: true, FoldCase: true}}, {"\xff", Syntax{Fixed: true, FoldCase: true}}} {
		if _, err := Parse(c.pattern, c.Syntax); err == nil {
			t.Errorf("%q is taken", c.pattern)
		}
	}
}

// TestTextsAtTheEnd finds what stands at the end of contents of all sizes around those
// at which a block is passed on, and behind a pause.
func TestTextsAtTheEnd(t *testing.T) {
	const text = "MARKER"
	p := parse(t, text, Syntax{Fixed: true})
	for size := scan.BlockSize; size <= scan.BlockSize+5*scan.Overlap; size += 512 {
		content := bytes.Repeat([]byte{'.'}, size)
		copy(content[size-len(text):], text)
		if got := find(t, p, content, func() int { return size }); len(got) != 1 {
			t.Errorf("%d bytes: %d matches", size, len(got))
		}
		count := 0
		f := finder{pattern: p, found: func(*scan.Block, int, int) { count++ }}
		w := scan.NewWindows(f.block)
		w.Add(0, content)
		w.Pause()
		w.Close()
		if count != 1 {
			t.Errorf("%d bytes and a pause: %d matches", size, count)
		}
	}
}
