package decode_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/schema"
)

// The archives with which decoding is compared: a few that come with the
// source, and the whole collection where it is at hand beside it.
const (
	ownArchives    = "../../testdata/archives"
	sharedArchives = "../../../shared/archives"
)

// subject is an archive and what /proc and the engine told of its container
// just before the checkpoint.
type subject struct {
	name  string // below the folder of archives, for messages and exceptions
	path  string
	truth *truth
	rows  *schema.Rows
	// result is that of decoding; rows are those of its main checkpoint.
	result *decode.Result
	report *report
	t      *testing.T
}

// checks compare one family of tables each. A new table gets a check here.
var checks = []struct {
	name  string
	check func(*subject)
}{
	{"matching", checkMatching},
	{"tree", checkTree},
	{"memory text", checkArguments},
	{"credentials", checkCredentials},
	{"threads", checkThreads},
	{"address space", checkAddressSpace},
	{"limits", checkLimits},
	{"signals", checkSignals},
	{"timers", checkTimers},
	{"auxiliary vectors", checkAuxiliaryVectors},
	{"seccomp", checkSeccomp},
	{"id mappings", checkIDMappings},
	{"registers", checkRegisters},
	{"descriptors", checkDescriptors},
	{"mappings", checkMappings},
	{"page contents", checkPageContents},
	{"mounts", checkMounts},
	{"cgroups", checkCgroups},
	{"cgroup properties", checkCgroupProperties},
	{"namespaces", checkNamespaces},
	{"inet sockets", checkInetSockets},
	{"unix sockets", checkUnixSockets},
	{"SysV memory", checkSysV},
	{"watches and locks", checkWatches},
	{"socket queues", checkSocketQueues},
	{"SysV objects", checkIPCObjects},
	{"engine", checkEngine},
	{"file changes", checkFileChanges},
	{"problems", checkHealthy},
}

// TestRowsAgreeWithProc compares every fact that /proc and the engine told
// before a checkpoint with the rows decoded of it.
func TestRowsAgreeWithProc(t *testing.T) {
	report := &report{used: map[int]int{}}
	var decoder decode.Decoder
	decoder.Limits = decode.DefaultLimits()
	for _, folder := range []string{ownArchives, sharedArchives} {
		for _, path := range archivesWithTruth(t, folder) {
			name, _ := filepath.Rel(folder, path)
			t.Run(filepath.Join(filepath.Base(filepath.Dir(folder)), name), func(t *testing.T) {
				s := &subject{name: name, path: path, truth: readTruth(t, truthOf(path)), report: report, t: t}
				result, err := decoder.Decode(context.Background(), source.Path(path))
				if err != nil {
					t.Fatal(err)
				}
				if len(result.Checkpoints) == 0 {
					t.Fatalf("no checkpoint decoded: %+v", result.Problems)
				}
				s.result, s.rows = result, result.Checkpoints[0]
				for _, c := range checks {
					c.check(s)
				}
			})
		}
	}
	if _, err := os.Stat(sharedArchives); err == nil && !t.Failed() {
		for i, e := range exceptions {
			if report.used[i] == 0 {
				t.Errorf("exception %q is not needed by any archive: remove it", e.reason)
			}
		}
	}
}

// archivesWithTruth lists the archives below a folder that have a truth folder.
func archivesWithTruth(t *testing.T, folder string) []string {
	t.Helper()
	var found []string
	for _, path := range archivesBelow(t, folder) {
		if _, err := os.Stat(truthOf(path)); err == nil {
			found = append(found, path)
		}
	}
	return found
}

var archiveName = regexp.MustCompile(`\.tar(\.\w+)?$`)

func archivesBelow(t *testing.T, folder string) []string {
	t.Helper()
	if _, err := os.Stat(folder); err != nil {
		return nil
	}
	var found []string
	for _, pattern := range []string{"*.tar*", "*/*.tar*"} {
		names, err := filepath.Glob(filepath.Join(folder, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range names {
			if archiveName.MatchString(n) && !strings.Contains(n, ".truth/") {
				found = append(found, n)
			}
		}
	}
	slices.Sort(found)
	return found
}

var fleetRound = regexp.MustCompile(`-r\d+$`)

// truthOf returns the truth folder of an archive. Of a container that was
// checkpointed several times there is one for all.
func truthOf(path string) string {
	base := archiveName.ReplaceAllString(path, "")
	if _, err := os.Stat(base + ".truth"); err == nil {
		return base + ".truth"
	}
	return fleetRound.ReplaceAllString(base, "") + ".truth"
}

// difference is a fact of which archive and truth say different things.
type difference struct {
	archive string
	pid     uint32 // 0 where no process is meant
	column  string
	key     string // of the row, within the process
	got     string
	want    string
}

func (d difference) String() string {
	where := d.column
	if d.pid != 0 {
		where = fmt.Sprintf("pid %d: %s", d.pid, where)
	}
	if d.key != "" {
		where += " [" + d.key + "]"
	}
	return fmt.Sprintf("%s: %s: got %s, want %s", d.archive, where, d.got, d.want)
}

// report counts which exceptions were needed.
type report struct{ used map[int]int }

// differ fails the test unless an exception says why the difference is right.
func (s *subject) differ(pid uint32, column, key string, got, want any) {
	s.t.Helper()
	d := difference{archive: s.name, pid: pid, column: column, key: key, got: show(got), want: show(want)}
	for i, e := range exceptions {
		if e.applies(s, d) {
			s.report.used[i]++
			return
		}
	}
	s.t.Error(d)
}

// show prints a value as a reader can tell it from another.
func show(v any) string {
	switch v := v.(type) {
	case string:
		if len(v) > 600 {
			return fmt.Sprintf("%q... (%d bytes)", v[:600], len(v))
		}
		return fmt.Sprintf("%q", v)
	case []string:
		return fmt.Sprintf("%q", v)
	}
	return fmt.Sprint(v)
}

// same compares one fact.
func same[T comparable](s *subject, pid uint32, column, key string, got, want T) {
	s.t.Helper()
	if got != want {
		s.differ(pid, column, key, got, want)
	}
}

// known compares a fact that must not be NULL.
func known[T comparable](s *subject, pid uint32, column, key string, got *T, want T) {
	s.t.Helper()
	if got == nil {
		s.differ(pid, column, key, "NULL", want)
		return
	}
	same(s, pid, column, key, *got, want)
}

// sameList compares a list.
func sameList[T comparable](s *subject, pid uint32, column, key string, got, want []T) {
	s.t.Helper()
	if !slices.Equal(got, want) {
		s.differ(pid, column, key, got, want)
	}
}

// null is what exact returns for NULL: no text of an archive can be it.
const null = "\x00NULL"

// exact returns the bytes of a text column.
func exact(t schema.Text) string {
	switch {
	case t.Raw != nil:
		return string(t.Raw)
	case t.Text == nil:
		return null
	}
	return *t.Text
}

// exactList returns the bytes of a list column, nil for NULL.
func exactList(t schema.TextList) []string {
	if t.Raw == nil {
		return t.Text
	}
	list := make([]string, len(t.Raw))
	for i, b := range t.Raw {
		list[i] = string(b)
	}
	return list
}
