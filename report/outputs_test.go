//go:build !noduckdb

package report_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/ckexport/ckexport/pipeline"
	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/queries"
	"github.com/ckexport/ckexport/report"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/duckdb"
	"github.com/ckexport/ckexport/sinks/parquet"
)

// formats are the kinds of output.
var formats = map[string]sinks.Format{"duckdb": duckdb.Format(), "parquet": parquet.Format(duckdb.Engine())}

// formatOf returns the kind of an output.
func formatOf(path string) sinks.Format { return formats[strings.TrimPrefix(filepath.Ext(path), ".")] }

// export exports archives with some tables, and returns the output.
func export(t *testing.T, format string, tables []*schema.Table, inputs ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fleet."+format)
	var found source.Found
	if len(inputs) > 0 {
		f, err := source.Find(t.Context(), []source.Provider{source.Local(path)}, inputs, nil)
		if err != nil {
			t.Fatal(err)
		}
		found = *f
	}
	sink, err := formats[format].Open(t.Context(), path, sinks.Options{Tables: tables, RunID: "test", Version: "test", Views: queries.Views})
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	_, err = pipeline.Run(t.Context(), pipeline.Options{
		Archives: found.Archives, Tables: tables, Sink: sink, Run: schema.Run{RunID: "test", ToolVersion: "test", Memory: schema.MemoryKinds()}, Memory: schema.MemoryKinds(),
		Limits: decode.DefaultLimits(), Jobs: 2, Log: slog.New(slog.DiscardHandler),
	})
	if err := errors.Join(err, sink.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

// write makes an output of rows.
func write(t *testing.T, format string, all []*schema.Rows) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fleet."+format)
	sink, err := formats[format].Open(t.Context(), path, sinks.Options{Tables: schema.Tables(), RunID: "test", Version: "test", Views: queries.Views})
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	for _, table := range schema.Tables() {
		b := table.NewBuilder()
		for _, rows := range all {
			b.Append(rows)
		}
		batch := b.NewBatch()
		err := sink.Write(t.Context(), table, batch)
		batch.Release()
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(sink.Commit(t.Context()), sink.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

// made makes the report of an output, under a name of its own, and returns it
// with its page.
func made(t *testing.T, path, name string) (*report.Report, []byte) {
	t.Helper()
	db, err := formatOf(path).OpenSQL(t.Context(), path, sinks.SQLOptions{Views: queries.Views()})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	r, err := report.Make(context.Background(), db, report.Options{Inputs: []string{name}, Version: "1.2.3", Now: time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	return r, b.Bytes()
}

func parse(t *testing.T, page []byte) *html.Node {
	t.Helper()
	doc, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// find returns the first element below n that is as wanted.
func find(n *html.Node, wanted func(*html.Node) bool) *html.Node {
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && wanted(d) {
			return d
		}
	}
	return nil
}

func byID(n *html.Node, id string) *html.Node {
	return find(n, func(e *html.Node) bool { return attribute(e, "id") == id })
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// content returns the text of an element.
func content(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

// section returns the part of the page about the first checkpoint of a container.
func section(t *testing.T, doc *html.Node, container string) *html.Node {
	t.Helper()
	n := find(doc, func(e *html.Node) bool {
		if e.Data != "details" || attribute(e, "class") != "checkpoint" {
			return false
		}
		heading := find(e, func(h *html.Node) bool { return h.Data == "h3" })
		return heading != nil && content(heading) == container
	})
	if n == nil {
		t.Fatalf("no section about %s", container)
	}
	return n
}

// table returns the rows of a table, by its caption: for each the values by column.
func table(t *testing.T, n *html.Node, caption string) []map[string]string {
	t.Helper()
	found := find(n, func(e *html.Node) bool {
		c := find(e, func(c *html.Node) bool { return c.Data == "caption" })
		return e.Data == "table" && c != nil && content(c) == caption
	})
	if found == nil {
		t.Fatalf("no table %s", caption)
	}
	var names []string
	var rows []map[string]string
	for d := range found.Descendants() {
		switch {
		case d.Type == html.ElementNode && d.Data == "th":
			names = append(names, content(d))
		case d.Type == html.ElementNode && d.Data == "tr" && d.Parent.Data == "tbody":
			row := map[string]string{}
			i := 0
			for cell := range d.ChildNodes() {
				if cell.Type == html.ElementNode {
					row[names[i]] = content(cell)
					i++
				}
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// column returns a column of rows.
func column(rows []map[string]string, name string) []string {
	var list []string
	for _, r := range rows {
		list = append(list, r[name])
	}
	return list
}
