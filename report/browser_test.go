//go:build browser && !noduckdb

package report_test

import (
	"bytes"
	"context"
	"fmt"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/ckexport/ckexport/schema"
)

// chromium runs a headless Chromium on a page, with a profile of its own, and
// returns what it writes to standard output.
func chromium(t *testing.T, page string, flags ...string) []byte {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatalf("chromium is missing; on Debian: apt-get install chromium: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	// --no-sandbox: tests run as root in containers
	args := append([]string{"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--hide-scrollbars", "--user-data-dir=" + t.TempDir()}, flags...)
	cmd := exec.CommandContext(ctx, path, append(args, "file://"+page)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("chromium: %v\n%s", err, stderr.String())
	}
	return out
}

// titleOf returns the title that a page has in the end.
func titleOf(t *testing.T, page string) string {
	t.Helper()
	dom, err := html.Parse(bytes.NewReader(chromium(t, page, "--dump-dom")))
	if err != nil {
		t.Fatal(err)
	}
	title := find(dom, func(n *html.Node) bool { return n.Data == "title" })
	if title == nil {
		t.Fatal("no title")
	}
	return content(title)
}

func save(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestBrowserRunsNothing loads the page of the hostile fleet: no script of it
// runs. The same browser runs the marker where a page lets it, and our policy
// stops a script even if one got into the page.
func TestBrowserRunsNothing(t *testing.T) {
	script := "<script>document.title='" + marker + "'</script>"
	if got := titleOf(t, save(t, "open.html", []byte("<!DOCTYPE html><title>x</title>"+script))); got != marker {
		t.Fatalf("the browser does not run scripts, so the test proves nothing: %q", got)
	}
	_, page := made(t, write(t, "duckdb", hostileFleet(t)), hostileName)
	if got := titleOf(t, save(t, "hostile.html", page)); !strings.HasPrefix(got, "Fleet report: ") || got == marker {
		t.Errorf("the hostile page has the title %q", got)
	}
	if got := titleOf(t, save(t, "injected.html", bytes.Replace(page, []byte("<main>"), []byte("<main>"+script+"<img src=x onerror=\"document.title='"+marker+"'\">"), 1))); got == marker {
		t.Error("the page's policy lets a script run")
	}
	size := shot(t, save(t, "hostile.html", page), "report-hostile.png")
	if size.colors < 20 {
		t.Errorf("the picture of the hostile page has %d colours", size.colors)
	}
}

type picture struct {
	colors     int
	background string
}

// shot takes a picture of a page into bin, and returns what is in it.
func shot(t *testing.T, page, name string, flags ...string) picture {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "bin", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	chromium(t, page, append(flags, "--window-size=1400,2400", "--screenshot="+path)...)
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	image, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	colors := map[string]bool{}
	at := func(x, y int) string {
		r, g, b, _ := image.At(x, y).RGBA()
		return fmt.Sprintf("#%02x%02x%02x", r>>8, g>>8, b>>8)
	}
	for y := 0; y < image.Bounds().Dy(); y += 3 {
		for x := 0; x < image.Bounds().Dx(); x += 3 {
			colors[at(x, y)] = true
		}
	}
	return picture{colors: len(colors), background: at(2, 2)}
}

// TestBrowserShows takes pictures of the page of all archives, light and dark.
func TestBrowserShows(t *testing.T) {
	_, page := made(t, export(t, "duckdb", schema.Tables(), "../testdata/archives", "../testdata/more"), "fleet.duckdb")
	path := save(t, "report.html", page)
	for name, want := range map[string]string{"light": "#fbfbfa", "dark": "#14171a"} {
		scheme := map[string]string{"light": "1", "dark": "0"}[name]
		got := shot(t, path, "report-"+name+".png", "--blink-settings=preferredColorScheme="+scheme)
		if got.background != want || got.colors < 50 {
			t.Errorf("%s: background %s, want %s; %d colours", name, got.background, want, got.colors)
		}
	}
}
