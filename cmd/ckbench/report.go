package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/ckexport/ckexport/cmd/ckbench/measure"
	"github.com/ckexport/ckexport/units"
)

// writeReport writes performance.md and performance.svg into a folder.
func writeReport(dir string, r *Results) error {
	return errors.Join(
		os.WriteFile(filepath.Join(dir, "performance.md"), []byte(report(r)), 0o644),
		os.WriteFile(filepath.Join(dir, "performance.svg"), []byte(picture(r)), 0o644))
}

// report writes the results for people.
func report(r *Results) string {
	var b strings.Builder
	fmt.Fprintf(&b, `# Performance

This is made by %[1]smake bench%[1]s, which makes the archives, runs all programs in turn and takes medians. To repeat it:

    make bench         # some 25 minutes, 8 GiB in bin/bench, 4 GiB of a RAM disk, and checkpointctl from the module proxy
    make bench-quick   # the same with tiny workloads, in seconds, into a folder of its own

The archives are made from the real ones in testdata: [cmd/ckbench/workload](../cmd/ckbench/workload). The same seed makes the same bytes. All files are in the page cache.

![times and goals](performance.svg)

| | |
| --- | --- |
| processor | %[2]s, %[3]d cores |
| memory | %[4]s |
| kernel, Go | %[5]s, %[6]s |
| commit, date | %[7]s, %[8]s |
| load average at start and end | %[9]s; %[10]s |
| outputs and temporary files | %[11]s; those of checkpointctl over the many archives on disk, as it keeps 20 GiB until its end |
| runs of each | %[12]d for few archives, %[13]d for large ones, %[14]d for the many, 1 for memory, %[15]d of the start |

`, "`", r.Machine.CPU, r.Machine.Cores, r.Machine.Memory, r.Machine.Kernel, r.Machine.Go, r.Machine.Commit, r.Machine.Date, r.Machine.LoadAtStart, r.Machine.LoadAtEnd,
		r.Outputs, r.Reps, fewer(r.Reps), least(r.Reps), more(r.Reps))
	if r.Quick {
		b.WriteString("**These are tiny workloads, made to see that the suite works: the numbers mean nothing.**\n\n")
	}
	b.WriteString("## Goals\n\n| goal | allowed | measured | |\n| --- | --- | --- | --- |\n")
	for _, g := range r.goals() {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", g.What, g.Want, g.Got, g.verdict())
	}
	b.WriteString("\nDecompression is measured on one goroutine and as the library does by default; the faster one counts. The rest of each time is below.\n")
	for _, w := range r.Workloads {
		writeWorkload(&b, r, w)
	}
	writeCores(&b, r)
	writeComparisons(&b, r)
	writeQueries(&b, r)
	return b.String()
}

func writeWorkload(b *strings.Builder, r *Results, w WorkloadInfo) {
	fmt.Fprintf(b, "\n## %s\n\n%s; %s in files.\n\n", w.Name, capital(w.Doc), units.Bytes(float64(w.Bytes)))
	b.WriteString("| program | time | CPU | peak memory | bytes read | rows/s | output |\n| --- | --: | --: | --: | --: | --: | --: |\n")
	for _, m := range r.Measurements {
		if m.Workload != w.Name {
			continue
		}
		wall := seconds(m.wall())
		if m.Error != "" {
			wall = "gave up"
			if strings.Contains(m.Error, "deadline") {
				wall = "stopped after " + seconds(m.wall())
			}
		}
		rate, output, read := "", "", ""
		if m.Rows > 0 {
			rate = fmt.Sprintf("%.0f", float64(m.Rows)/m.wall())
		}
		if m.OutputBytes > 0 {
			output = units.Bytes(float64(m.OutputBytes))
		}
		if m.read() >= 0 {
			read = units.Bytes(m.read())
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s | %s |\n", m.Program, wall, seconds(m.cpu()), units.Bytes(m.rss()), read, rate, output)
	}
}

func writeComparisons(b *strings.Builder, r *Results) {
	b.WriteString("\n## Encoding and loading\n\nIn one process, the same batches of rows, those of the few archives.\n\n| | rows | ckexport | bare | bytes written, ckexport and bare |\n| --- | --: | --: | --: | --: |\n")
	for _, c := range []struct {
		name string
		*measure.Comparison
	}{{"Parquet, against arrow-go's writer without Bloom filters", r.Encoding}, {"DuckDB, against INSERT ... SELECT read_parquet without comments", r.Loading}} {
		if c.Comparison != nil {
			fmt.Fprintf(b, "| %s | %d | %s | %s | %s, %s |\n", c.name, c.Rows, seconds(c.Ours), seconds(c.Bare), units.Bytes(float64(c.Bytes[0])), units.Bytes(float64(c.Bytes[1])))
		}
	}
}

func writeQueries(b *strings.Builder, r *Results) {
	fmt.Fprintf(b, "\n## Queries over %s\n\nEach in a new process with DuckDB. Opening an output reads the footers of all its files, or the catalogue; it comes before the query's time.\n\n", r.Sizes.Many)
	b.WriteString("| query | output | opening | time | bytes read | rows |\n| --- | --- | --: | --: | --: | --: |\n")
	for _, q := range r.Queries {
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %d |\n", q.Query, strings.TrimPrefix(q.Output, "ckexport to "), seconds(q.Open), seconds(q.Seconds), units.Bytes(float64(q.Bytes)), q.Rows)
	}
	b.WriteString("\n```sql\n")
	for _, q := range r.Queries {
		if q.Output == toParquet {
			fmt.Fprintf(b, "-- %s\n%s;\n", q.Query, q.SQL)
		}
	}
	b.WriteString("```\n")
}

func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

func seconds(s float64) string {
	switch {
	case s < 0.0995:
		return fmt.Sprintf("%.1f ms", s*1000)
	case s < 10:
		return fmt.Sprintf("%.2f s", s)
	}
	return fmt.Sprintf("%.1f s", s)
}
