package main

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

// hostile is an archive made to harm whoever reads it.
type hostile struct {
	name string
	// write writes the archive; it may be large, and is never in memory whole.
	write func(t *testing.T, out io.Writer)
	// status is what the ledger must say of it.
	status string
	// limit is the flag that a problem must name, empty where none is passed.
	limit string
	// rows is a query whose answer is known, and the answer as CSV.
	query, answer string
	// flags are given to the run.
	flags []string
	// both runs it into DuckDB too.
	both bool
	// memory is --max-archive-memory, hostileMemory if 0.
	memory int64
}

// The documented bound on memory, see the README: a part of its own for each
// kind of output, and twice --max-archive-memory for each job.
const (
	hostileMemory = 128 << 20 // less than the default, so that it shows
	hostileJobs   = 2
	parquetMemory = 300 << 20
	duckdbMemory  = 600 << 20
)

// TestHostile exports each hostile archive beside one that is not: the run
// ends, and in time; its memory stays below the documented bound; what is said
// of the archive is right; the other archive's rows are all there; and nothing
// that could steer a terminal is printed.
func TestHostile(t *testing.T) {
	healthy, err := filepath.Abs("../../testdata/archives/" + healthyArchive)
	if err != nil {
		t.Fatal(err)
	}
	var cases []hostile
	cases = append(cases, hostileTars()...)
	cases = append(cases, hostileBombs()...)
	cases = append(cases, hostileImages()...)
	cases = append(cases, hostileMetadata()...)
	for _, c := range cases {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			dir := t.TempDir()
			file, err := os.Create(filepath.Join(dir, "hostile"))
			if err != nil {
				t.Fatal(err)
			}
			c.write(t, file)
			if err := file.Close(); err != nil {
				t.Fatal(err)
			}
			outputs := []string{"out.parquet"}
			if c.both {
				outputs = append(outputs, "out.duckdb")
			}
			for _, output := range outputs {
				c.run(t, dir, healthy, output)
			}
		})
	}
}

// run exports the hostile archive and the healthy one.
func (c *hostile) run(t *testing.T, dir, healthy, output string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	memory := max(c.memory, hostileMemory)
	args := append([]string{"./hostile", healthy, "-o", output, "--jobs", fmt.Sprint(hostileJobs), "--max-archive-memory", fmt.Sprint(memory)}, c.flags...)
	cmd := exec.CommandContext(ctx, "ckexport", args...)
	cmd.Dir = dir
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	started := time.Now()
	peak, err := runMeasured(cmd)
	if ctx.Err() != nil {
		t.Fatalf("%s: not at an end after %v", output, time.Since(started))
	}
	want := 0
	if c.status != "ok" {
		want = exitBadArchives
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if got := cmd.ProcessState.ExitCode(); got != want {
		t.Errorf("%s: exit code %d, want %d\n%s", output, got, want, stderr.String())
	}
	isPrintable(t, "standard error", stderr.String())
	isPrintable(t, "standard output", stdout.String())
	bound := int64(parquetMemory)
	if output == "out.duckdb" {
		bound = duckdbMemory
	}
	bound += hostileJobs * 2 * memory
	t.Logf("%s: %d MiB, %.1f s", output, peak>>20, time.Since(started).Seconds())
	if peak > bound {
		t.Errorf("%s: %d MiB of memory, the bound is %d", output, peak>>20, bound>>20)
	}
	c.ask(t, dir, output)
}

// ask checks what the output says.
func (c *hostile) ask(t *testing.T, dir, output string) {
	t.Helper()
	var selects, want []string
	expect := func(sql, answer string) { selects, want = append(selects, "("+sql+")::VARCHAR"), append(want, answer) }
	expect("SELECT status FROM archives WHERE archive_name = 'hostile'", c.status)
	expect("SELECT status FROM archives WHERE archive_name = '"+healthyArchive+"'", "ok")
	expect("SELECT count(*) FROM environment JOIN checkpoints USING (checkpoint_id) WHERE archive_name = '"+healthyArchive+"'", healthyEnvironment)
	expect("SELECT count(*) FROM problems WHERE code = 'internal'", "0")
	if c.limit != "" {
		expect("SELECT count(*) > 0 FROM problems WHERE code = 'limit_exceeded' AND message LIKE '--"+c.limit+" %'", "true")
		expect("SELECT count(*) FROM (SELECT 1 FROM problems WHERE code = 'limit_exceeded' AND message LIKE '--%' GROUP BY checkpoint_id, table_name, split_part(message, ':', 1) HAVING count(*) > 1)", "0")
	}
	if c.status == "partial" {
		expect("SELECT count(*) > 0 FROM checkpoints WHERE archive_name = 'hostile' AND status = 'partial'", "true")
	}
	query := func(sql, answer string) {
		t.Helper()
		out, err := exec.Command("ckexport", "query", filepath.Join(dir, output), sql, "--format", "csv").CombinedOutput()
		if got := answerOf(string(out)); err != nil || got != answer {
			t.Errorf("%s: %s\ngot  %s\nwant %s, %v", output, sql, got, answer, err)
		}
	}
	query("SELECT "+strings.Join(selects, ",\n"), strings.Join(want, ","))
	if c.query != "" {
		query(c.query, c.answer)
	}
}

// runMeasured runs a command and returns the most memory it had. The kernel's own
// figure for a process that has ended counts that of its parent at the fork too,
// so it is taken only where it is larger than that.
func runMeasured(cmd *exec.Cmd) (peak int64, err error) {
	own := peakOf("self")
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		err = cmd.Wait()
	}()
	for tick := time.NewTicker(5 * time.Millisecond); ; {
		select {
		case <-done:
			if usage := cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss << 10; usage > own+1<<20 {
				peak = max(peak, usage)
			}
			tick.Stop()
			return peak, err
		case <-tick.C:
			peak = max(peak, peakOf(strconv.Itoa(cmd.Process.Pid)))
		}
	}
}

// peakOf returns the most memory a process has had, 0 if it has ended.
func peakOf(process string) int64 {
	status, err := os.ReadFile("/proc/" + process + "/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	field, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	kib, err := strconv.ParseInt(field, 10, 64)
	if err != nil {
		return 0
	}
	return kib << 10
}

// The archive beside, and how many variables its processes have.
const (
	healthyArchive     = "memhash-shm.tar"
	healthyEnvironment = "10"
)

// answerOf returns the rows of a result in CSV without its header, columns
// separated by commas and rows by semicolons.
func answerOf(text string) string {
	records, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(records) == 0 {
		return text
	}
	var rows []string
	for _, r := range records[1:] {
		rows = append(rows, strings.Join(r, ","))
	}
	return strings.Join(rows, ";")
}

// isPrintable fails the test where text has what could steer a terminal, or
// change how it shows what stands beside.
func isPrintable(t *testing.T, what, text string) {
	t.Helper()
	for i, r := range text {
		if r != '\n' && r != '\t' && !unicode.IsPrint(r) || r == utf8.RuneError && text[i] != '\xef' {
			t.Errorf("%s: %q in %.300q", what, r, text[max(0, i-100):])
			return
		}
	}
}

// healthyMembers returns the members of a real checkpoint of one process.
func healthyMembers(t *testing.T) []tarEntry {
	t.Helper()
	f, err := os.Open("../../testdata/archives/odd-env-argv.tar")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var members []tarEntry
	for in := tar.NewReader(f); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return members
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		members = append(members, tarEntry{header: *h, data: data})
	}
}

// tarEntry is a member of a tar.
type tarEntry struct {
	header tar.Header
	data   []byte
}

func entryOf(name string, data []byte) tarEntry {
	return tarEntry{tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(data))}, data}
}

// writeTar writes members, without the end of the tar.
func writeTar(t *testing.T, out io.Writer, members ...tarEntry) {
	t.Helper()
	w := tar.NewWriter(out)
	for _, m := range members {
		if err := w.WriteHeader(&m.header); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(m.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
}

// endTar writes the end of a tar.
func endTar(t *testing.T, out io.Writer) { write(t, out, make([]byte, 1024)) }

func write(t *testing.T, out io.Writer, data []byte) {
	t.Helper()
	if _, err := out.Write(data); err != nil {
		t.Fatal(err)
	}
}

// withMembers writes the real checkpoint, with others added or in the place of
// its own.
func withMembers(others func(t *testing.T) []tarEntry) func(*testing.T, io.Writer) {
	return func(t *testing.T, out io.Writer) {
		added := others(t)
		for _, m := range healthyMembers(t) {
			replaced := false
			for _, o := range added {
				replaced = replaced || o.header.Name == m.header.Name && o.header.Typeflag == tar.TypeReg
			}
			if !replaced {
				writeTar(t, out, m)
			}
		}
		writeTar(t, out, added...)
		endTar(t, out)
	}
}
