//go:build browser && !noduckdb

package report_test

import (
	"bytes"
	"strings"
	"testing"
)

// TestBrowserRunsNothing loads the page of the hostile fleet: no script of it
// runs. The same browser runs the marker where a page lets it, and our policy
// stops a script even if one got into the page.
func TestBrowserRunsNothing(t *testing.T) {
	b := launch(t)
	script := "<script>document.title='" + marker + "'</script>"
	if b.open("open.html", []byte("<!DOCTYPE html><title>x</title>"+script)); b.title() != marker {
		t.Fatalf("the browser does not run scripts, so the test proves nothing: %q", b.title())
	}
	_, page := made(t, write(t, "duckdb", hostileFleet(t)), hostileName)
	if b.open("hostile.html", page); !strings.HasPrefix(b.title(), "Fleet report: ") || b.title() == marker {
		t.Errorf("the hostile page has the title %q", b.title())
	}
	b.show("screen", 1400, "light")
	if n := colours(b.picture("report-hostile.png")); n < 20 {
		t.Errorf("the picture of the hostile page has %d colours", n)
	}
	b.open("injected.html", bytes.Replace(page, []byte("<main>"), []byte("<main>"+script+"<img src=x onerror=\"document.title='"+marker+"'\">"), 1))
	if b.title() == marker || len(b.errors) == 0 {
		t.Errorf("the page's policy lets a script run: title %q, console %q", b.title(), b.errors)
	}
}
