package watch

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ckexport/ckexport/pipeline/archive"
	"github.com/ckexport/ckexport/pipeline/source"
)

// TestTemporary checks which names are left until they are renamed.
func TestTemporary(t *testing.T) {
	for path, want := range map[string]bool{
		"/var/.hidden/in/a.tar": false, "/var/.hidden/in/.a.tar.x7": true, "/var/.hidden/in/a.tar.partial": true, "/var/.hidden/in/a.tar~": true,
		"/var/.hidden/in/.new/a.tar": true, "/var/.hidden/in/sub/a.part": true, "/elsewhere/a.tar": false,
	} {
		if got := isTemporary(path, []string{"/var/.hidden/in"}); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
}

// TestSettling checks when a file is handed out: unchanged for the time to
// settle, or, while someone has it open, for much longer.
func TestSettling(t *testing.T) {
	const settle = time.Second
	fs, start := files{}, time.Now()
	at := func(after time.Duration, size int64, open bool) []Archive {
		now := start.Add(after)
		fs.update([]source.Item{{Input: source.Path("/in/a.tar"), Version: archive.Version{Size: size}}}, nil, now)
		return fs.settled(now, settle, func(string) bool { return open })
	}
	for _, c := range []struct {
		after time.Duration
		size  int64
		open  bool
		want  int
	}{
		{0, 1, false, 0},
		{900 * time.Millisecond, 1, false, 0},
		{time.Second, 2, false, 0}, // it grew
		{2 * time.Second, 2, true, 0},
		{2 * time.Second, 2, false, 1},
		{50 * time.Second, 2, true, 0},
		{61 * time.Second, 2, true, 1},
	} {
		if got := at(c.after, c.size, c.open); len(got) != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
	done := at(70*time.Second, 2, false)
	fs.exported(done, true, start.Add(70*time.Second))
	if got := at(71*time.Second, 2, false); len(got) != 0 {
		t.Errorf("%v again, though it was exported", got)
	}
	if got := at(70*time.Second+triedAgain, 2, false); len(got) != 1 {
		t.Error("what could not be read in full is not tried again")
	}
	fs.exported(done, false, start)
	if at(3*time.Hour, 3, false); len(at(3*time.Hour+settle, 3, false)) != 1 {
		t.Error("a changed file is not handed out")
	}
}

// TestFatalArchive checks that an archive which kills whoever reads it is found
// and set aside, and that all others are exported.
func TestFatalArchive(t *testing.T) {
	const fatal = "/in/0333.tar"
	w := &watcher{Options: Options{Log: slog.New(slog.DiscardHandler)}, files: files{}}
	var found []source.Item
	for i := range 1000 {
		found = append(found, source.Item{Input: source.Path(filepath.Join("/in", string([]byte{'0', byte('0' + i/100), byte('0' + i/10%10), byte('0' + i%10)})+".tar"))})
	}
	w.files.update(found, nil, time.Now())
	batches := 0
	for ; batches < 50; batches++ {
		batch := w.files.settled(time.Now(), 0, func(string) bool { return false })
		if len(batch) == 0 {
			break
		}
		if w.most > 0 && len(batch) > w.most {
			batch = batch[:w.most]
		}
		w.batch = batch
		if slices.ContainsFunc(batch, func(a Archive) bool { return a.Name == fatal }) {
			w.end(Killed)
		} else {
			w.end(Exported)
		}
	}
	t.Logf("%d batches", batches)
	if w.state.Waiting != 0 || w.state.SetAside != 1 || !w.files[fatal].setAside {
		t.Errorf("%+v", w.state)
	}
	if w.files.update(found, nil, time.Now()); w.state.FailedBatches != 0 {
		t.Errorf("%d batches failed since one did not", w.state.FailedBatches)
	}
}

// TestWatch checks what is heard of real files, and that a batch is finished.
func TestWatch(t *testing.T) {
	folder := t.TempDir()
	archiveBytes, err := os.ReadFile("../testdata/archives/sleep-pre.tar.zst")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	got := map[string]int{}
	seen := func(name string) bool {
		mu.Lock()
		defer mu.Unlock()
		return got[filepath.Join(folder, name)] > 0
	}
	release := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		ended <- Watch(ctx, Options{
			Folders: []string{folder}, Providers: []source.Provider{source.Local("")}, Settle: 50 * time.Millisecond, Rescan: time.Hour,
			Grace: 10 * time.Second, OnState: func(State) {}, Log: slog.New(slog.DiscardHandler),
			Run: func(_ context.Context, batch []Archive) Outcome {
				mu.Lock()
				for _, a := range batch {
					got[a.Name]++
				}
				mu.Unlock()
				if batch[0].Name == filepath.Join(folder, "last.tar") {
					<-release
				}
				return Exported
			},
		})
	}()
	write := func(name string) {
		if err := os.WriteFile(filepath.Join(folder, name), archiveBytes, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	eventually := func(what string, holds func() bool) {
		t.Helper()
		for range 500 {
			if holds() {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Fatal(what)
	}
	write("first.tar")
	eventually("first.tar", func() bool { return seen("first.tar") })
	// in a folder that is made now
	if err := os.MkdirAll(filepath.Join(folder, "a/b"), 0o700); err != nil {
		t.Fatal(err)
	}
	write("a/b/second.tar")
	eventually("second.tar", func() bool { return seen("a/b/second.tar") })
	// written to, and held open
	held, err := os.Create(filepath.Join(folder, "held.tar"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := held.Write(archiveBytes); err != nil {
		t.Fatal(err)
	}
	write("third.tar")
	eventually("third.tar", func() bool { return seen("third.tar") })
	if seen("held.tar") {
		t.Error("held.tar is open")
	}
	held.Close()
	eventually("held.tar", func() bool { return seen("held.tar") })
	// renamed in; a name that will change is none of them
	write("fourth.tar.partial")
	if err := os.Rename(filepath.Join(folder, "fourth.tar.partial"), filepath.Join(folder, "fourth.tar")); err != nil {
		t.Fatal(err)
	}
	eventually("fourth.tar", func() bool { return seen("fourth.tar") })

	write("last.tar")
	eventually("last.tar", func() bool { return seen("last.tar") })
	cancel()
	select {
	case <-ended:
		t.Error("the batch was not finished")
	case <-time.After(50 * time.Millisecond):
	}
	close(release)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	for name, n := range got {
		if n != 1 || filepath.Ext(name) == ".partial" {
			t.Errorf("%s: %d times", name, n)
		}
	}
}

// TestGrace checks that a batch which goes on for too long is told to end.
func TestGrace(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "a.tar"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	begun, ended := make(chan struct{}), make(chan error)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		ended <- Watch(ctx, Options{
			Folders: []string{folder}, Providers: []source.Provider{source.Local("")}, Rescan: time.Hour, Grace: 20 * time.Millisecond,
			OnState: func(State) {}, Log: slog.New(slog.DiscardHandler),
			Run: func(ctx context.Context, _ []Archive) Outcome {
				close(begun)
				<-ctx.Done()
				return Failed
			},
		})
	}()
	<-begun
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
