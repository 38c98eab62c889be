package metrics

import (
	"bytes"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ckexport/ckexport/pipeline"
	"github.com/ckexport/ckexport/schema"
)

var noon = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

var good = Run{
	Summary: &pipeline.Summary{
		OK: 2, Failed: 1, Checkpoints: 2, Rows: map[string]uint64{"processes": 7}, BytesRead: 1 << 20, ExpandedBytes: 4 << 20,
		Problems: map[schema.Severity]map[string]int{schema.SeverityError: {"truncated": 3}},
	},
	ExitCode: 3, Finished: true, Ended: noon, Took: 1500 * time.Millisecond,
}

var bad = Run{ExitCode: 1, Ended: noon.Add(time.Hour), Took: time.Second}

// TestFile checks that a file's counters go on from run to run, that a run which
// failed leaves the last success as it was, and that nothing but the file is left.
func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ckexport.prom")
	for _, run := range []Run{good, good, bad} {
		f, err := OpenFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Update(func(m *Metrics) { m.SetBuild("v1"); m.AddRun(run) }); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		fmt.Sprintf(`ckexport_build_info{version="v1",schema_version="%d"} 1`, schema.Version),
		`ckexport_runs_total{exit_code="1"} 1`,
		`ckexport_runs_total{exit_code="3"} 2`,
		`ckexport_run_seconds_total 4`,
		`ckexport_archives_total{status="ok"} 4`,
		`ckexport_archives_total{status="failed"} 2`,
		`ckexport_archives_total{status="known"} 0`,
		`ckexport_rows_total{table="processes"} 14`,
		`ckexport_problems_total{severity="error",code="truncated"} 6`,
		`ckexport_last_run_exit_code 1`,
		`ckexport_last_run_timestamp_seconds 1.7957844e+09`,
		`ckexport_last_success_timestamp_seconds 1.7957808e+09`,
	} {
		if !strings.Contains(string(got), line+"\n") {
			t.Errorf("%s is not there:\n%s", line, got)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != fileMode {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); len(left) > 0 {
		t.Errorf("%v was left", left)
	}
}

// TestOldFile checks that a file which is not ours to understand, and what a
// killed run left beside it, are replaced.
func TestOldFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ckexport.prom")
	stray := filepath.Join(filepath.Dir(path), ".ckexport.prom.123.new")
	for _, p := range []string{path, stray} {
		if err := os.WriteFile(p, []byte("cut off in the mid"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	f, err := OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := os.Stat(stray); err == nil {
		t.Error("the stray file is still there")
	}
	if other, err := OpenFile(path); err != nil { // at the same time
		t.Error(err)
	} else if err := other.Close(); err != nil {
		t.Error(err)
	}
	if err := f.Update(func(m *Metrics) { m.AddRun(good) }); err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	got, err := Read(in)
	if err != nil {
		t.Fatal(err)
	}
	want := New()
	want.AddRun(good)
	if d := cmp.Diff(want.values, got.values); d != "" {
		t.Error(d)
	}
}

// TestServe checks what a scrape gets, in both formats.
func TestServe(t *testing.T) {
	m := New()
	m.AddRun(good)
	m.SetWatch(Watch{Waiting: 3, OldestWaiting: noon, LastScan: noon})
	m.SetWatch(Watch{LastScan: noon})
	for accept, end := range map[string]string{"": "\n", "application/openmetrics-text": "# EOF\n"} {
		request := httptest.NewRequest("GET", "/metrics", nil)
		request.Header.Set("Accept", accept)
		answer := httptest.NewRecorder()
		m.ServeHTTP(answer, request)
		body := answer.Body.Bytes()
		for _, line := range []string{`ckexport_archives_total{status="ok"} 2`, "ckexport_watch_waiting_archives 0"} {
			if !bytes.Contains(body, []byte("\n"+line)) {
				t.Errorf("%s is not there:\n%s", line, body)
			}
		}
		if bytes.Contains(body, []byte("oldest_waiting")) || !bytes.HasSuffix(body, []byte(end)) {
			t.Errorf("%s", body)
		}
	}
}
