package report

import (
	"bufio"
	"embed"
	"fmt"
	"html/template"
	"io"
	"strings"
	"sync"

	"github.com/ckexport/ckexport/queries"
)

//go:embed page.html tables.html charts.html style.css
var files embed.FS

// Beginning begins every page, and nothing else: what begins so may be replaced by a
// newer one.
const Beginning = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="generator" content="ckexport report">`

var page = sync.OnceValues(func() (*template.Template, error) {
	css, err := files.ReadFile("style.css")
	if err != nil {
		return nil, err
	}
	return template.New("page.html").Funcs(template.FuncMap{
		"style":     func() template.CSS { return template.CSS(css) }, // our own file
		"beginning": func() template.HTML { return Beginning },
		"number":    func(n int) string { return number(int64(n)) },
		"plural":    func(n int, noun string) string { return plural(int64(n), noun) },
		// Long names of columns go on in the next line.
		"breakable": func(name string) template.HTML {
			return template.HTML(strings.ReplaceAll(template.HTMLEscapeString(name), "_", "_<wbr>"))
		},
		"decimal": func(v float64) string { return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0") },
		"plus":    func(a, b float64) float64 { return a + b },
		"bySeverity": func(all []Detection, severity string) []Detection {
			var list []Detection
			for _, d := range all {
				if d.Severity == severity {
					list = append(list, d)
				}
			}
			return list
		},
	}).ParseFS(files, "*.html")
})

// Write writes the page.
func (r *Report) Write(out io.Writer) error {
	t, err := page()
	if err != nil {
		return fmt.Errorf("reading the page's template: %w", err)
	}
	buffered := bufio.NewWriterSize(out, 1<<16)
	if err := t.Execute(buffered, r); err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	return buffered.Flush()
}

// Severities returns how many detections of each severity found something.
func (r *Report) Severities() []Fact {
	var facts []Fact
	for _, s := range queries.Severities() {
		n := 0
		for _, d := range r.Detections {
			if d.Severity == s {
				n++
			}
		}
		facts = append(facts, Fact{Name: s, Value: fmt.Sprint(n)})
	}
	return facts
}

// Checks returns how many detections there are.
func (r *Report) Checks() int {
	return len(r.Detections) + len(r.Passed) + len(r.Clean) + len(r.NotRun)
}

// Made returns when the page was made.
func (r *Report) Made() string { return text(r.Now) + " UTC" }

// From returns the output's name, safe to show.
func (r *Report) From() string { return text(strings.Join(r.Inputs, ", ")) }

// Unlisted returns how many checkpoints have no section.
func (r *Report) Unlisted() int { return r.Checkpoints - len(r.Sections) }
