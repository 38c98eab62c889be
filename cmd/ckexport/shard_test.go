//go:build linux && amd64 && !noduckdb

package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

var backfillCopies = flag.Int("backfill-copies", 2, "copies of each archive of testdata in the tests of shards")

// backfill makes a folder of archives to be done in shards: those of testdata,
// with copies of all kinds spread over names, so that several shards have them, and
// bad ones.
func backfill(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	put := func(name string, data []byte) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for i, path := range testArchives(t) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(path)
		put(fmt.Sprintf("node-%d/%s", i%4, name), data)
		for n := range *backfillCopies {
			put(fmt.Sprintf("%c-copy-%d/%s", "az"[n%2], n, name), data)
		}
		if i%5 == 0 {
			put("cut/"+name, data[:len(data)*2/3])
		}
		if filepath.Ext(name) != ".tar" || i%2 > 0 {
			continue
		}
		put("packed/"+name+".gz", packed(t, data))
		// The same images with other pages, so large that they are read only where
		// they are compressed.
		for _, at := range []int{0, 5, 9} {
			other := withPages(t, data, at)
			put(fmt.Sprintf("other/%d-%s", at, name), other)
			put(fmt.Sprintf("other/%d-%s.gz", 9-at, name), packed(t, other))
		}
	}
	put("cut/no.tar", []byte("not an archive"))
	return dir
}

func packed(t *testing.T, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// withPages returns an archive with 6 MiB more in its pages, of which the one at a
// position is changed.
func withPages(t *testing.T, data []byte, at int) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for r := tar.NewReader(bytes.NewReader(data)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(h.Name, "pages-1.img") {
			content = append(content, make([]byte, 6<<20)...)
			content[len(content)-1-at] = 1
			h.Size = int64(len(content))
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// indexedJob does what an Indexed Job of Kubernetes does: a process for each
// shard, some at a time, and another one where a process was killed. Here chance
// kills, and sometimes has two processes do one shard.
type indexedJob struct {
	dir    string
	shards int
	args   []string
	env    []string
	kill   bool
	faults bool // that let a process fail

	mu     sync.Mutex
	chance *rand.Rand
	again  int // processes that did not end well
}

func (j *indexedJob) run(t *testing.T) {
	t.Helper()
	var all sync.WaitGroup
	slots := make(chan struct{}, 4)
	for i := range j.shards {
		for range j.attempts() {
			all.Go(func() {
				slots <- struct{}{}
				defer func() { <-slots }()
				for tries := 0; !j.try(t, i, j.kill && tries < 2); tries++ {
				}
			})
		}
	}
	all.Wait()
}

// attempts is how many processes do a shard side by side.
func (j *indexedJob) attempts() int {
	if j.kill && j.roll(4) == 0 {
		return 2
	}
	return 1
}

func (j *indexedJob) roll(n int64) int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.chance.Int64N(n)
}

// try does a shard, and reports whether it is done.
func (j *indexedJob) try(t *testing.T, index int, kill bool) bool {
	cmd := exec.CommandContext(t.Context(), "ckexport", append(j.args, "--shard", fmt.Sprintf("/%d", j.shards), "--quiet", "--jobs", "2")...)
	cmd.Dir, cmd.Env = j.dir, append(append(os.Environ(), j.env...), fmt.Sprintf("%s=%d", indexVariable, index))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Error(err)
		return true
	}
	if kill {
		timer := time.AfterFunc(time.Duration(j.roll(int64(2*time.Second))), func() { _ = cmd.Process.Kill() }) // it may have ended
		defer timer.Stop()
	}
	err := cmd.Wait()
	switch code := cmd.ProcessState.ExitCode(); {
	case code == exitOK, code == exitBadArchives:
		return true
	case code == -1, code == exitFailed && j.faults:
		j.mu.Lock()
		defer j.mu.Unlock()
		j.again++
		return t.Context().Err() != nil
	default:
		t.Errorf("shard %d: %v\n%s", index, err, out.String())
		return true
	}
}

// says runs the command in a folder, and returns what it says.
func says(t *testing.T, dir string, code int, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "ckexport", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != code {
		t.Fatalf("ckexport %q: %v, want exit code %d\n%s", args, err, code, out)
	}
	return string(out)
}

// TestShards does runs in shards whose processes are killed: the output is that of
// one run over all archives.
func TestShards(t *testing.T) {
	archives, seed := backfill(t), rand.Uint64()
	t.Logf("seed %d", seed)
	for _, output := range []string{"fleet.parquet", "fleet.duckdb", "fleet.iceberg"} {
		dir := t.TempDir()
		says(t, dir, exitBadArchives, archives, "-o", output, "--quiet")
		want := readOutput(t, filepath.Join(dir, output))
		for _, n := range []int{1, 3, 16} {
			kill := n == 16
			if !kill && output != "fleet.parquet" {
				continue
			}
			t.Run(fmt.Sprintf("%s, %d shards", output, n), func(t *testing.T) {
				dir := t.TempDir()
				job := &indexedJob{dir: dir, shards: n, args: []string{archives, "-o", output, "--run", "backfill"}, kill: kill, chance: rand.New(rand.NewPCG(seed, uint64(n)))}
				job.run(t)
				says(t, dir, exitOK, "commit", output, "--run", "backfill")
				got := readOutput(t, filepath.Join(dir, output))
				if diff := cmp.Diff(want.rows, got.rows); diff != "" {
					t.Errorf("not as in one run (-want +got):\n%.2000s", diff)
				}
				(&trial{scenario: scenario{output: output}}).onlyOutput(t, dir)
				isPrivate(t, dir)
				says(t, dir, exitOK, "commit", output, "--run", "backfill")
				if diff := cmp.Diff(got.rows, readOutput(t, filepath.Join(dir, output)).rows); diff != "" {
					t.Errorf("committed again, it changes:\n%.2000s", diff)
				}
				t.Logf("%d processes were killed", job.again)
			})
		}
	}
}

// TestShardsBesideOtherRuns has other runs change an output after shards have read
// its ledger: the commit looks again.
func TestShardsBesideOtherRuns(t *testing.T) {
	archives := backfill(t)
	for _, output := range []string{"fleet.parquet", "fleet.duckdb", "fleet.iceberg"} {
		t.Run(output, func(t *testing.T) {
			t.Parallel()
			whole, split := t.TempDir(), t.TempDir()
			both := func(code int, args ...string) {
				says(t, whole, code, args...)
				says(t, split, code, args...)
			}
			all := []string{archives, "-o", output, "--quiet"}
			both(exitBadArchives, archives+"/cut", "-o", output, "--quiet")
			for _, shard := range []string{"0/2", "1/2"} {
				says(t, split, exitBadArchives, append(all, "--shard", shard, "--run", "late")...)
			}
			both(exitBadArchives, archives+"/node-1", archives+"/other", "-o", output, "--quiet")
			both(exitOK, "forget", output, "--keep-last", "1")
			says(t, whole, exitBadArchives, all...)
			says(t, split, exitOK, "commit", output, "--run", "late")
			want, got := readOutput(t, filepath.Join(whole, output)), readOutput(t, filepath.Join(split, output))
			if diff := cmp.Diff(want.rows, got.rows); diff != "" {
				t.Errorf("not as in one run (-want +got):\n%.2000s", diff)
			}
		})
	}
}

// TestKilledCommits kills commits right before system calls that change files: the
// output is as before or as after one run over all archives, and the commit, given
// again, brings it there.
func TestKilledCommits(t *testing.T) {
	for _, s := range []scenario{scenarios[0], scenarios[1], scenarios[5], scenarios[9]} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			tr := s.prepare(t)
			staged := tr.fresh(t)
			for _, shard := range []string{"0/2", "1/2"} {
				says(t, staged, exitOK, append(tr.args(tr.inputs), "--shard", shard, "--run", "killed")...)
			}
			commit := func(dir string, decide func(int, call) answer) outcome {
				return supervised{args: []string{"commit", s.output, "--run", "killed"}, dir: dir, within: dir, decide: decide}.run(t)
			}
			dir := t.TempDir()
			copyTree(t, staged, dir)
			calls := len(commit(dir, nil).calls)
			for _, n := range spread(calls, 16) {
				t.Run(fmt.Sprint(n), func(t *testing.T) {
					t.Parallel()
					for _, fault := range []answer{{kill: true}, {errno: unix.ENOSPC}} {
						dir := t.TempDir()
						copyTree(t, staged, dir)
						end := commit(dir, func(i int, _ call) answer {
							if i == n || i > n && fault.errno != 0 {
								return fault
							}
							return answer{}
						})
						isPrivate(t, dir)
						if after := tr.isBeforeOrAfter(t, dir); end.code == exitOK && !after {
							t.Errorf("success is told, and nothing has changed\n%s", end.stderr)
						}
						says(t, dir, exitOK, "commit", s.output, "--run", "killed")
						if !tr.isBeforeOrAfter(t, dir) {
							t.Error("the next commit did not complete the output")
						}
						tr.onlyOutput(t, dir)
					}
				})
			}
		})
	}
}

// TestKilledShards kills shards right before system calls that change files, or lets
// these fail: done again, they have left nothing but what the commit takes.
func TestKilledShards(t *testing.T) {
	for _, s := range []scenario{scenarios[0], scenarios[9]} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			tr := s.prepare(t)
			args := append(tr.args(tr.inputs), "--shard", "0/1", "--run", "killed")
			shard := func(dir string, decide func(int, call) answer) outcome {
				return supervised{args: args, dir: dir, within: dir, decide: decide}.run(t)
			}
			calls := len(shard(tr.fresh(t), nil).calls)
			for _, n := range spread(calls, 12) {
				t.Run(fmt.Sprint(n), func(t *testing.T) {
					t.Parallel()
					for _, fault := range []answer{{kill: true}, {errno: unix.ENOSPC}} {
						dir := tr.fresh(t)
						end := shard(dir, func(i int, _ call) answer {
							if i == n || i > n && fault.errno != 0 {
								return fault
							}
							return answer{}
						})
						isPrivate(t, dir)
						if tr.isBeforeOrAfter(t, dir) {
							t.Error("a shard is visible")
						}
						says(t, dir, exitOK, args...)
						staged, err := filepath.Glob(filepath.Join(dir, ".*.shards", "*"))
						if err != nil || !onlyOfOneAttempt(staged) {
							t.Errorf("staged is %q, %v; the first process said\n%s", staged, err, end.stderr)
						}
						says(t, dir, exitOK, "commit", s.output, "--run", "killed")
						if !tr.isBeforeOrAfter(t, dir) {
							t.Error("the commit did not complete the output")
						}
						tr.onlyOutput(t, dir)
					}
				})
			}
		})
	}
}

// onlyOfOneAttempt tells whether files are a manifest and those of one attempt.
func onlyOfOneAttempt(paths []string) bool {
	attempts := map[string]bool{}
	for _, path := range paths {
		attempt, _, _ := strings.Cut(filepath.Base(path), ".")
		attempts[attempt] = true
	}
	return attempts["0"] && len(attempts) == 2
}
