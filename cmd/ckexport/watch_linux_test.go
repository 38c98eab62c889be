package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// watched is a ckexport watch at work.
type watched struct {
	t       *testing.T
	cmd     *exec.Cmd
	folder  string // with the folders in and out
	address string // of its metrics
	log     syncedBuffer
}

// syncedBuffer may be read while it is written.
type syncedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncedBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncedBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// startWatch watches the folder in, and exports to out.parquet.
func startWatch(t *testing.T, folder string, args ...string) *watched {
	t.Helper()
	w := &watched{t: t, folder: folder}
	args = append([]string{"watch", "in", "-o", "out.parquet", "--metrics-listen", "127.0.0.1:0", "--log-format", "json"}, args...)
	w.cmd = exec.Command("ckexport", args...)
	w.cmd.Dir, w.cmd.Stderr = folder, &w.log
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		w.cmd.Process.Kill()
		w.cmd.Wait()
		if t.Failed() {
			t.Logf("log:\n%s", w.log.String())
		}
	})
	w.eventually("it serves metrics", func() bool {
		for line := range strings.Lines(w.log.String()) {
			var said struct{ Msg, Address string }
			if json.Unmarshal([]byte(line), &said) == nil && said.Msg == "serving metrics" {
				w.address = said.Address
			}
		}
		return w.address != ""
	})
	return w
}

// eventually waits for what should hold soon.
func (w *watched) eventually(what string, holds func() bool) {
	w.t.Helper()
	for range 1200 {
		if holds() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	w.t.Fatalf("not within a minute: %s", what)
}

// get returns what it serves.
func (w *watched) get(path string) (status int, body string) {
	w.t.Helper()
	answer, err := http.Get("http://" + w.address + path)
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer.StatusCode, string(data)
}

// shows reports whether the metrics have a line.
func (w *watched) shows(line string) bool {
	_, body := w.get("/metrics")
	return strings.Contains(body, "\n"+line+"\n")
}

// ends sends a signal and checks how the process ends.
func (w *watched) ends(signal syscall.Signal) {
	w.t.Helper()
	if err := w.cmd.Process.Signal(signal); err != nil {
		w.t.Fatal(err)
	}
	if err := w.cmd.Wait(); err != nil {
		w.t.Errorf("it ended with %v", err)
	}
}

// ledger returns the rows of archives: of each archive, by name, how often it
// stands there with which status.
func (w *watched) ledger() map[string][]string {
	w.t.Helper()
	cmd := exec.Command("ckexport", "query", "out.parquet", "SELECT archive_name, status, error FROM archives ORDER BY ALL", "--format", "json")
	cmd.Dir = w.folder
	out, err := cmd.Output()
	if err != nil {
		w.t.Fatal(err)
	}
	var rows []struct{ Archive_name, Status, Error string }
	if err := json.Unmarshal(out, &rows); err != nil {
		w.t.Fatal(err)
	}
	ledger := map[string][]string{}
	for _, r := range rows {
		ledger[r.Archive_name] = append(ledger[r.Archive_name], strings.TrimSpace(r.Status+" "+r.Error))
	}
	return ledger
}

// put writes a file of the folder in.
func (w *watched) put(name string, data []byte) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.folder, "in", name), data, 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func realArchive(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../../testdata/archives", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestWatch follows one watch through what happens to archives and to outputs.
func TestWatch(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "in"), 0o700); err != nil {
		t.Fatal(err)
	}
	w := startWatch(t, folder, "--settle", "500ms", "--batch-interval", "0s", "--label", "node=n1")
	slow, moved := realArchive(t, "shell-tree.tar.gz"), realArchive(t, "sleep-pre.tar.zst")

	// written piece by piece, with pauses that are longer than it takes to settle
	f, err := os.Create(filepath.Join(folder, "in/slow.tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		if _, err := f.Write(slow[len(slow)*i/4 : len(slow)*(i+1)/4]); err != nil {
			t.Fatal(err)
		}
		time.Sleep(800 * time.Millisecond)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	w.put("moved.tar.zst.partial", moved)
	w.eventually("slow.tar.gz is exported", func() bool { return w.shows(`ckexport_archives_total{status="ok"} 1`) })
	if got := w.ledger(); len(got) != 1 || len(got["slow.tar.gz"]) != 1 || got["slow.tar.gz"][0] != "ok" {
		t.Errorf("the ledger has %v", got)
	}
	if err := os.Rename(filepath.Join(folder, "in/moved.tar.zst.partial"), filepath.Join(folder, "in/moved.tar.zst")); err != nil {
		t.Fatal(err)
	}
	w.eventually("moved.tar.zst is exported", func() bool { return w.shows(`ckexport_archives_total{status="ok"} 2`) })

	// deleted at about the time that they are read
	for i := range 8 {
		name := fmt.Sprintf("gone%d.tar", i)
		w.put(name, realArchive(t, "tmpfs-data.tar"))
		time.Sleep(450*time.Millisecond + rand.N(200*time.Millisecond))
		if err := os.Remove(filepath.Join(folder, "in", name)); err != nil {
			t.Fatal(err)
		}
	}
	// broken, then whole
	w.put("cut.tar.gz", slow[:len(slow)/2])
	w.eventually("cut.tar.gz is partial", func() bool { return w.shows(`ckexport_archives_total{status="partial"} 1`) })
	w.put("cut.tar.gz", realArchive(t, "bridge-net.tar.gz"))
	w.eventually("cut.tar.gz is whole", func() bool { return strings.Contains(fmt.Sprint(w.ledger()["cut.tar.gz"]), "ok") })
	for name, rows := range w.ledger() {
		for _, row := range rows {
			if strings.HasPrefix(name, "gone") && row != "ok" && row != "duplicate" && !strings.Contains(row, "no such file") {
				t.Errorf("%s: %q", name, row)
			}
		}
	}

	// an output that does not take them
	away := filepath.Join(folder, "away.parquet")
	if err := os.Rename(filepath.Join(folder, "out.parquet"), away); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "out.parquet"), []byte("not ours"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.put("waits.tar.zst", realArchive(t, "fd-kinds.tar.zst"))
	w.eventually("batches fail", func() bool { status, _ := w.get("/readyz"); return status == http.StatusServiceUnavailable })
	if !w.shows("ckexport_watch_waiting_archives 1") || !w.shows(`ckexport_last_run_exit_code 2`) {
		_, body := w.get("/metrics")
		t.Errorf("metrics:\n%s", body)
	}
	if status, body := w.get("/healthz"); status != http.StatusOK {
		t.Errorf("%d %s", status, body)
	}
	if err := os.Remove(filepath.Join(folder, "out.parquet")); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(away, filepath.Join(folder, "out.parquet")); err != nil {
		t.Fatal(err)
	}
	w.eventually("waits.tar.zst is exported", func() bool { status, _ := w.get("/readyz"); return status == http.StatusOK })
	if got := w.ledger()["waits.tar.zst"]; len(got) != 1 || got[0] != "ok" {
		t.Errorf("waits.tar.zst: %v", got)
	}
	w.ends(syscall.SIGTERM)
	for line := range strings.Lines(w.log.String()) {
		if !json.Valid([]byte(line)) {
			t.Errorf("no JSON in the log: %s", line)
		}
	}
}

// TestWatchBurst checks that of many archives at once, and a watch that is
// killed amid them, none is lost and none is exported twice.
func TestWatchBurst(t *testing.T) {
	t.Parallel()
	const count = 10_000
	folder := t.TempDir()
	in := filepath.Join(folder, "in")
	if err := os.Mkdir(in, 0o700); err != nil {
		t.Fatal(err)
	}
	first := filepath.Join(folder, "first.tar.zst")
	if err := os.WriteFile(first, realArchive(t, "sleep-pre.tar.zst"), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"--settle", "500ms", "--batch-interval", "0s", "--tables", "archives,checkpoints,processes"}
	w := startWatch(t, folder, args...)
	for i := range count {
		if err := os.Link(first, filepath.Join(in, fmt.Sprintf("a%05d.tar.zst", i))); err != nil {
			t.Fatal(err)
		}
		if i == count/2 {
			time.Sleep(time.Second + rand.N(2*time.Second)) // a batch is being read
			w.cmd.Process.Kill()
			w.cmd.Wait()
			w = startWatch(t, folder, args...)
		}
	}
	w.eventually("all are exported", func() bool {
		_, body := w.get("/metrics")
		return w.shows("ckexport_watch_waiting_archives 0") && strings.Contains(body, "\nckexport_last_run_exit_code 0\n")
	})
	w.ends(syscall.SIGINT)
	ledger := w.ledger()
	if len(ledger) != count {
		t.Errorf("%d archives of %d are in the ledger", len(ledger), count)
	}
	for name, rows := range ledger {
		if len(rows) != 1 || rows[0] != "ok" && rows[0] != "duplicate" {
			t.Errorf("%s: %v", name, rows)
		}
	}
}
