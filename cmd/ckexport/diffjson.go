package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/ckexport/ckexport/compare"
	"github.com/ckexport/ckexport/plain"
	"github.com/ckexport/ckexport/schema"
)

// jsonDiff writes a comparison as one JSON object, a line for each change.
type jsonDiff struct {
	out     *bufio.Writer
	summary bool
	written int              // changes
	shown   int              // of the table at hand
	leftOut map[string]int64 // by table
}

func (w *jsonDiff) begin(d *compare.Diff) {
	checkpoint := func(c compare.Checkpoint) []byte {
		return object([]compare.Value{{Column: "checkpoint_id", Value: c.ID}, {Column: "taken_at", Value: nilIf(c.TakenAt.IsZero(), c.TakenAt)},
			{Column: "container_id", Value: nilIf(c.ContainerID == "", c.ContainerID)}, {Column: "container_name", Value: nilIf(c.ContainerName == "", c.ContainerName)},
			{Column: "pod_namespace", Value: nilIf(c.PodNamespace == "", c.PodNamespace)}, {Column: "pod_name", Value: nilIf(c.PodName == "", c.PodName)}, {Column: "checkpoint_seq", Value: c.Seq}, {Column: "archives", Value: c.Archives}, {Column: "status", Value: nilIf(c.Status == "", c.Status)}})
	}
	fmt.Fprintf(w.out, "{\"before\":%s,\n\"after\":%s,\n\"warnings\":%s", checkpoint(d.Before), checkpoint(d.After), value(append([]string{}, d.Warnings...)))
	if !w.summary {
		w.out.WriteString(",\n\"changes\":[")
	}
}

// nilIf returns a value, or nil for none.
func nilIf(none bool, v any) any {
	if none {
		return nil
	}
	return v
}

func (w *jsonDiff) change(c compare.Change) {
	if w.written++; w.written > 1 {
		w.out.WriteByte(',')
	}
	w.shown++
	fmt.Fprintf(w.out, "\n{\"table\":%s,\"change\":%s,\"key\":%s", value(c.Table), value(string(c.Kind)), object(c.Key))
	if c.WithProcess {
		w.out.WriteString(`,"with_process":true`)
	}
	if c.Kind != compare.Changed {
		fmt.Fprintf(w.out, ",\"row\":%s}", object(c.Row))
		return
	}
	w.out.WriteString(`,"columns":{`)
	for i, d := range c.Differences {
		if i > 0 {
			w.out.WriteByte(',')
		}
		fmt.Fprintf(w.out, "%s:%s", value(d.Column), object([]compare.Value{{Column: "before", Value: d.Before}, {Column: "after", Value: d.After}}))
	}
	w.out.WriteString("}}")
}

func (w *jsonDiff) table(c compare.Counts) {
	if more := c.Added + c.Removed + c.Changed - int64(w.shown); more > 0 && !w.summary {
		if w.leftOut == nil {
			w.leftOut = map[string]int64{}
		}
		w.leftOut[c.Table] = more
	}
	w.shown = 0
}

func (w *jsonDiff) end(total []compare.Counts, missing []*schema.Table) {
	if !w.summary {
		w.out.WriteString("\n]")
	}
	w.out.WriteString(",\n\"tables\":[")
	for i, c := range total {
		if i > 0 {
			w.out.WriteByte(',')
		}
		fields := []compare.Value{{Column: "table", Value: c.Table}, {Column: "added", Value: c.Added}, {Column: "removed", Value: c.Removed}, {Column: "changed", Value: c.Changed}, {Column: "unchanged", Value: c.Unchanged}}
		if more := w.leftOut[c.Table]; more > 0 {
			fields = append(fields, compare.Value{Column: "left_out", Value: more})
		}
		if len(c.Notes) > 0 {
			fields = append(fields, compare.Value{Column: "notes", Value: c.Notes})
		}
		w.out.WriteByte('\n')
		w.out.Write(object(fields))
	}
	names := []string{}
	for _, t := range missing {
		names = append(names, t.Name)
	}
	fmt.Fprintf(w.out, "\n],\n\"missing_tables\":%s}\n", value(names))
}

// object writes columns in their order.
func object(values []compare.Value) []byte {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, v := range values {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(value(v.Column))
		b.WriteByte(':')
		b.Write(value(v.Value))
	}
	b.WriteByte('}')
	return b.Bytes()
}

// value writes a value as the JSON of query does.
func value(v any) []byte {
	data, err := json.Marshal(plain.JSON(v))
	if err != nil { // no value of DuckDB, but NaN and infinities
		data, _ = json.Marshal(fmt.Sprint(v))
	}
	return asciiControls(data)
}
