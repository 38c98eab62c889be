//go:build browser && !noduckdb

package report_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/ckexport/ckexport/schema"
)

// layout is testdata/layout.js: an expression whose value is what is wrong with a page as it is shown.
func layout(t *testing.T) string {
	t.Helper()
	script, err := os.ReadFile("testdata/layout.js")
	if err != nil {
		t.Fatal(err)
	}
	return string(script)
}

// displays are a phone, a notebook's window, a large screen, and paper, to which
// no colours of the dark scheme come.
var displays = []struct {
	medium string
	width  int
	scheme string
}{{"screen", 390, "light"}, {"screen", 390, "dark"}, {"screen", 1280, "light"}, {"screen", 1280, "dark"}, {"screen", 1920, "light"}, {"screen", 1920, "dark"}, {"print", 1000, "dark"}}

const unfold = "[...document.querySelectorAll('details')].map(d => d.open = true).length"

// TestBrowserLayout shows pages on all displays, with all parts unfolded: nothing
// is cut off, too faint or out of reach. Pictures of the pages as they open are in bin.
func TestBrowserLayout(t *testing.T) {
	all := []string{"../testdata/archives", "../testdata/more"}
	outputs := map[string]string{
		"fleet":   export(t, "duckdb", schema.Tables(), all...),
		"one":     export(t, "duckdb", schema.Tables(), "../testdata/archives/life-1.tar"),
		"empty":   export(t, "duckdb", schema.Tables()),
		"hostile": write(t, "duckdb", hostileFleet(t)),
		"long":    write(t, "duckdb", longFleet(60)),
	}
	script := layout(t)
	b := launch(t)
	for name, output := range outputs {
		_, page := made(t, output, strings.Repeat("a-long-name-", 12)+name+".duckdb")
		b.open(name+".html", page)
		for _, d := range displays {
			b.show(d.medium, d.width, d.scheme)
			b.picture(fmt.Sprintf("report-%s-%s-%d-%s.png", name, d.medium, d.width, d.scheme))
		}
		b.evaluate(unfold, new(int))
		for _, d := range displays {
			b.show(d.medium, d.width, d.scheme)
			var faults []string
			b.evaluate(script, &faults)
			for _, f := range faults {
				t.Errorf("%s on %v: %s", name, d, f)
			}
		}
		if len(b.errors) > 0 {
			t.Errorf("%s: errors on the console: %q", name, b.errors)
		}
	}
}

// TestBrowserLayoutSees spoils a page, and the check tells.
func TestBrowserLayoutSees(t *testing.T) {
	_, page := made(t, export(t, "duckdb", schema.Tables(), "../testdata/archives/life-1.tar", "../testdata/archives/life-3.tar.zst", "../testdata/archives/tcp-established.tar.zst"), "fleet.duckdb")
	script := layout(t)
	b := launch(t)
	for style, want := range map[string]string{
		".tiles { width: 500px }":                           "the page is",
		"h2 { margin-left: -30px }":                         "beyond the window h2",
		".about { color: #aaa }":                            "contrast of text p.about",
		"details { opacity: .5 }":                           "contrast of text",
		".k0 { fill: #ddd }":                                "contrast of mark",
		"svg text { font-size: 5px }":                       "text too small text",
		"svg text { transform: translate(500px) }":          "text beyond its chart text",
		"summary { overflow: hidden; white-space: nowrap }": "cut off summary",
		"* { outline: none !important }":                    "no outline with the focus",
	} {
		b.open("spoilt.html", []byte(strings.Replace(string(page), "</style>", style+"</style>", 1)))
		b.show("screen", 390, "light")
		b.evaluate(unfold, new(int))
		var faults []string
		if b.evaluate(script, &faults); !strings.Contains(strings.Join(faults, "\n"), want) {
			t.Errorf("with %q, no fault is %q:\n%s", style, want, strings.Join(faults, "\n"))
		}
	}
}
