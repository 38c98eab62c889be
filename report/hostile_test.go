//go:build !noduckdb

package report_test

import (
	"fmt"
	"html/template"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"golang.org/x/net/html"

	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/schema"
)

// marker is what scripts of the payloads make the title of the page.
const marker = "SCRIPT-RAN"

// payloads are what someone may call a container, process, file or variable who
// wants whoever opens the page to run a script, load a file, or be misled.
var payloads = []string{
	`<script>document.title='` + marker + `'</script>`,
	`"><img src=x onerror="document.title='` + marker + `'">`,
	`'><svg onload=document.title='` + marker + `'>`,
	`</title></style></script></textarea><script>document.title='` + marker + `'</script>`,
	`</text></svg><script>document.title='` + marker + `'</script>`,
	`<svg><title><script>document.title='` + marker + `'</script></title></svg>`,
	`--><script>document.title='` + marker + `'</script><!--`,
	`]]><script>document.title='` + marker + `'</script>`,
	`" onmouseover="document.title='` + marker + `'" autofocus onfocus="document.title='` + marker + `'`,
	`javascript:document.title='` + marker + `'`,
	`<a href="https://evil.example/">click</a><base href="https://evil.example/">`,
	`<meta http-equiv=refresh content="0;url=https://evil.example/"><link rel=stylesheet href=//evil.example/x.css>`,
	`<iframe srcdoc="<script>parent.document.title='` + marker + `'</script>"></iframe>`,
	`<style>body{background:url(https://evil.example/)}</style>`,
	`{{.}}{{define "page.html"}}${document.title='` + marker + `'}`,
	`&lt;script&gt;&#60;script>document.title='` + marker + `'&#60;/script>`,
	"\u202e\u2066gnp.exe\x1b[31m\x00\u2028\u2029\ufeff\u200b<b>",
	"caf\u0301 \U0001f4a3 \U000e0041\ufff9<plaintext>",
}

// structural are fields by which queries choose rows. Half of the hostile
// fleet keeps them, so that detections find its rows; the others are hostile
// in every column.
var structural = []string{"Status", "Engine", "DumpKind", "Family", "Origin", "Change", "Type", "Severity", "Code", "Kind", "Backend"}

// poison puts payloads behind every text of rows.
func poison(v reflect.Value, keep bool, next func() string) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			poison(v.Elem(), keep, next)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() || keep && v.Type() == reflect.TypeFor[schema.Enum]() {
			return
		}
		for i := range v.NumField() {
			if name := v.Type().Field(i).Name; name != "CheckpointID" && !(keep && slices.Contains(structural, name)) {
				poison(v.Field(i), keep, next)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			if v.Type().Elem().Kind() != reflect.Uint8 {
				poison(v.Index(i), keep, next)
			}
		}
	case reflect.String:
		v.SetString(v.String() + next())
	}
}

// hostileFleet returns the rows of all real archives, poisoned.
func hostileFleet(t *testing.T) (all []*schema.Rows) {
	t.Helper()
	archives, err := filepath.Glob("../testdata/*/*.tar*")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	n := 0
	next := func() string {
		n++
		return payloads[n%len(payloads)]
	}
	d := &decode.Decoder{Limits: decode.DefaultLimits()}
	for _, keep := range []bool{true, false} {
		for i, a := range archives {
			if !keep && i%3 > 0 {
				continue
			}
			r, err := d.Decode(t.Context(), source.Path(a))
			if err != nil {
				t.Fatal(err)
			}
			rows := r.Checkpoints[0]
			if poison(reflect.ValueOf(rows), keep, next); !keep {
				rows.CheckpointID += next() // no archive can have such; an output from elsewhere can
			}
			rows.Archives = append(rows.Archives, schema.Archive{RunID: "r", Source: "/a/" + next(), ArchiveName: next(), Status: "partial", StartedAt: time.Unix(int64(n), 0)})
			rows.Problems = append(rows.Problems, schema.Problem{Source: rows.Archives[0].Source, Severity: "error", Code: "truncated" + next(), Message: next()})
			all = append(all, rows)
		}
	}
	return all
}

// hostileName is what the hostile output is called.
const hostileName = `/tmp/$(touch x)'"<script>document.title='` + marker + `'</script>` + "\u202e.duckdb"

// TestHostile makes the page of a fleet all of whose texts are payloads, and
// finds no element, attribute or address on it that is not ours.
func TestHostile(t *testing.T) {
	for format := range formats {
		r, page := made(t, write(t, format, hostileFleet(t)), hostileName)
		if len(r.Detections) < 15 || len(r.NotRun) > 0 || len(r.Sections) != 50 {
			t.Errorf("%s: %d detections found something, %d did not run, %d sections: the page shows too little for a test", format, len(r.Detections), len(r.NotRun), len(r.Sections))
		}
		for _, c := range r.Charts {
			if c.Drawing == nil && c.ID != "services" {
				t.Errorf("%s: chart %s is empty: %s", format, c.ID, c.Why)
			}
		}
		harmless(t, page)
		text := content(parse(t, page))
		for _, p := range payloads[:16] { // each is there, as text
			if !strings.Contains(text, p) {
				t.Errorf("%s: the payload %q is not on the page", format, p)
			}
		}
		for _, want := range []string{`\u202e\u2066gnp.exe\x1b[31m\x00\u2028\u2029\ufeff\u200b<b>`, `\U000e0041`} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %s is not on the page", format, want)
			}
		}
		if want := `ckexport query '/tmp/$(touch x)'\''"<script>document.title='\''` + marker; !strings.Contains(text, want) {
			t.Errorf("%s: the commands do not quote the output's name", format)
		}
	}
}

// The elements of the page, and the attributes that they have.
var (
	elements = strings.Fields(`html head meta title style body a header h1 h2 h3 h4 p code nav main section dl div dt dd small wbr
		details summary strong span table caption thead tbody tr th td ul li figure figcaption svg rect line circle path text bdi footer`)
	attributes = strings.Fields(`lang charset name content http-equiv class href id title aria-label aria-labelledby aria-hidden scope open tabindex role
		viewBox x y width height x1 y1 x2 y2 cx cy r d text-anchor`)
)

// harmless checks that a page has only elements and attributes of ours, links
// within itself, no address, and no character that could steer.
func harmless(t *testing.T, page []byte) {
	t.Helper()
	counts := map[string]int{}
	for n := range parse(t, page).Descendants() {
		switch n.Type {
		case html.CommentNode:
			t.Errorf("a comment: %.100q", n.Data)
		case html.TextNode:
			if i := strings.IndexFunc(n.Data, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }); i >= 0 {
				t.Errorf("a character that could steer: %.100q", n.Data[i:])
			}
		case html.ElementNode:
			inTitle := n.Data == "title" && n.Namespace == "svg"
			if counts[n.Data]++; inTitle {
				counts[n.Data]--
			}
			if !slices.Contains(elements, n.Data) {
				t.Errorf("element %s", n.Data)
			}
			for _, a := range n.Attr {
				if !slices.Contains(attributes, a.Key) {
					t.Errorf("attribute %s of %s: %.100q", a.Key, n.Data, a.Val)
				}
				if a.Key == "href" && !strings.HasPrefix(a.Val, "#") {
					t.Errorf("a link to %.100q", a.Val)
				}
				if strings.IndexFunc(a.Val, func(r rune) bool { return !unicode.IsPrint(r) }) >= 0 {
					t.Errorf("a character that could steer in %s of %s: %.100q", a.Key, n.Data, a.Val)
				}
			}
			if n.Data == "style" {
				if css, err := os.ReadFile("style.css"); err != nil || content(n) != string(css) {
					t.Errorf("the style is not ours: %v", err)
				}
			}
		}
	}
	for name, want := range map[string]int{"title": 1, "style": 1, "meta": 6, "h1": 1, "body": 1} {
		if counts[name] != want {
			t.Errorf("%d elements %s, want %d", counts[name], name, want)
		}
	}
	if strings.Contains(string(page), "url(") && !strings.Contains(string(page), template.HTMLEscapeString("url(https://evil")) {
		t.Error("the page has an address in its style")
	}
}

// longFleet returns checkpoints, two of a container, with long names and many processes.
func longFleet(checkpoints int) (all []*schema.Rows) {
	long := strings.Repeat(`<"&'>`, 60)
	of := func(s string) *string { return &s }
	for i := range checkpoints {
		taken := time.Date(2026, 11, 1, 0, i, 0, 0, time.UTC)
		name, frozen := fmt.Sprintf("web-%d", i/2), uint32(i)*1_000_000
		rows := &schema.Rows{CheckpointID: fmt.Sprintf("%032x", i)}
		rows.Checkpoints = []schema.Checkpoint{{Source: "/" + name, ArchiveName: name, Status: "ok", Engine: "podman", DumpKind: "full", ContainerName: of(name + long), ContainerID: of(name), Image: of(fmt.Sprintf("image-%d%s", i%40, long)), CheckpointedAt: &taken, ProcessCount: 60, FrozenUS: &frozen}}
		depth := uint32(1)
		for pid := range uint32(60) {
			rows.Processes = append(rows.Processes, schema.Process{PID: pid + 1, PPID: 1, Depth: &depth, TreePath: []uint32{1, pid + 1}, Comm: schema.Text{Text: of("kworker")}, Cmdline: of(fmt.Sprint("[kworker] ", pid, long)), Exe: schema.Text{Text: of("/tmp/" + long)}, Argv: schema.TextList{Text: []string{"[" + long + "]"}}})
		}
		all = append(all, rows)
	}
	return all
}

// TestBounded makes the page of more, and larger, checkpoints than fit: it is
// cut, says so, and names the commands for the rest.
func TestBounded(t *testing.T) {
	const checkpoints = 600
	all := longFleet(checkpoints)
	path := write(t, "duckdb", all)
	started := time.Now()
	r, page := made(t, path, "big.duckdb")
	t.Logf("%d checkpoints: %d KiB, %.1f s", checkpoints, len(page)>>10, time.Since(started).Seconds())
	if len(page) > 5<<20 {
		t.Errorf("the page has %d bytes", len(page))
	}
	if r.Checkpoints != checkpoints || len(r.Sections) != 50 || r.Unlisted() != checkpoints-50 {
		t.Errorf("%d checkpoints, %d sections, %d without", r.Checkpoints, len(r.Sections), r.Unlisted())
	}
	if newest := fmt.Sprintf("%032x", checkpoints-1); r.Sections[0].ID != newest {
		t.Errorf("the first section is of %s, want the newest", r.Sections[0].ID)
	}
	text := content(parse(t, page))
	for _, want := range []string{
		`50 of 600 have a part of their own below`, "more of 600: ckexport query big.duckdb fleet", "36 000 rows in 600 checkpoints",
		"more of 36 000: ckexport query big.duckdb masquerading-processes", fmt.Sprintf(`more of 60: ckexport query big.duckdb "FROM process_tree WHERE checkpoint_id = '%032x'"`, checkpoints-1),
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	harmless(t, page)
}
