package decode_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// truth is a truth folder: ground.json, files of /proc, reports of the engine.
type truth struct {
	t         *testing.T
	dir       string
	processes map[uint32]*groundProcess
	order     []uint32
	shared    bool // serves several checkpoints and was taken before the first
}

// groundProcess is a process in ground.json.
type groundProcess struct {
	PID        uint32            `json:"pid"`
	PPID       *uint32           `json:"ppid"`
	PGIDs      string            `json:"nspgid"`
	SIDs       string            `json:"nssid"`
	State      string            `json:"state"`
	Comm       string            `json:"comm_b64"`
	Cmdline    string            `json:"cmdline_b64"`
	Environ    string            `json:"env_b64"`
	UID        string            `json:"uid"`
	GID        string            `json:"gid"`
	Groups     string            `json:"groups"`
	Threads    uint32            `json:"threads"`
	TIDs       []groundThread    `json:"tids"`
	Caps       map[string]string `json:"caps"`
	Seccomp    string            `json:"seccomp"`
	NoNewPrivs string            `json:"no_new_privs"`
	Signals    map[string]string `json:"sig"`
	FDs        map[string]string `json:"fds"`
	Exe        string            `json:"exe"`
	Cwd        string            `json:"cwd"`
	Root       string            `json:"root"`
}

// groundThread is written as [tid, comm in base64, blocked signals].
type groundThread struct {
	TID     uint32
	Comm    string
	Blocked string
}

func (g *groundThread) UnmarshalJSON(data []byte) error {
	return json.Unmarshal(data, &[]any{&g.TID, &g.Comm, &g.Blocked})
}

func readTruth(t *testing.T, dir string) *truth {
	t.Helper()
	tr := &truth{t: t, dir: dir, processes: map[uint32]*groundProcess{}, shared: strings.Contains(filepath.Base(dir), "flt-")}
	var ground struct {
		Processes []*groundProcess `json:"processes"`
	}
	data, err := os.ReadFile(filepath.Join(dir, "ground.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &ground); err != nil {
		t.Fatalf("%s: %v", dir, err)
	}
	for _, p := range ground.Processes {
		tr.processes[p.PID] = p
		tr.order = append(tr.order, p.PID)
	}
	return tr
}

// file returns a file of the truth folder; ok is false if it is not there.
func (tr *truth) file(name string) (string, bool) {
	data, err := os.ReadFile(filepath.Join(tr.dir, name))
	if os.IsNotExist(err) {
		return "", false
	}
	if err != nil {
		tr.t.Fatal(err)
	}
	return string(data), true
}

// proc returns a file of /proc/PID. Of large trees only the first processes
// have them.
func (tr *truth) proc(pid uint32, name string) (string, bool) {
	return tr.file(fmt.Sprintf("proc/%d/%s", pid, name))
}

// fields returns the "Name: value" lines of a file of /proc/PID.
func (tr *truth) fields(pid uint32, name string) (map[string]string, bool) {
	text, ok := tr.proc(pid, name)
	fields := map[string]string{}
	for line := range strings.Lines(text) {
		if k, v, ok := strings.Cut(line, ":"); ok {
			fields[k] = strings.TrimSpace(v)
		}
	}
	return fields, ok
}

// stat returns the fields of /proc/PID/stat, numbered from 1 as in proc(5).
func (tr *truth) stat(pid uint32) (func(n int) uint64, bool) {
	text, ok := tr.proc(pid, "stat")
	if !ok {
		return nil, false
	}
	rest := strings.Fields(text[strings.LastIndex(text, ")")+1:])
	return func(n int) uint64 {
		if v, err := strconv.ParseInt(rest[n-3], 10, 64); err == nil {
			return uint64(v)
		}
		v, err := strconv.ParseUint(rest[n-3], 10, 64)
		if err != nil {
			tr.t.Fatalf("%s: stat field %d of %d: %v", tr.dir, n, pid, err)
		}
		return v
	}, true
}

// descriptor is what /proc tells of an open descriptor.
type descriptor struct {
	target  string // exact bytes, without (deleted)
	deleted bool
	access  string // r, w, rw, or empty for O_PATH; "?" where not told
	info    map[string]string
	lines   []string // of fdinfo
}

const deletedMark = " (deleted)"

var (
	listingLine = regexp.MustCompile(`(?m)^l([r-])([w-])[x-]\S* +\d+ +\S+ +\S+ +\d+ \d{4}-\d\d-\d\d \S+ \S+ (\d+) -> `)
	infoHeader  = regexp.MustCompile(`(?m)^== (\d+)\n`)
)

// descriptors returns the descriptors of a process: of ls -l where it is kept,
// of ground.json elsewhere.
func (tr *truth) descriptors(p *groundProcess) map[int32]*descriptor {
	found := map[int32]*descriptor{}
	listing, ok := tr.proc(p.PID, "ls-l-fd")
	if !ok {
		for fd, target := range p.FDs {
			found[atoi[int32](tr.t, fd)] = &descriptor{access: "?", target: target}
		}
	}
	at := listingLine.FindAllStringSubmatchIndex(listing, -1)
	for i, m := range at {
		end := len(listing)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		fd := atoi[int32](tr.t, listing[m[6]:m[7]])
		found[fd] = &descriptor{
			access: strings.ReplaceAll(listing[m[2]:m[3]]+listing[m[4]:m[5]], "-", ""), target: strings.TrimSuffix(listing[m[1]:end], "\n"),
		}
	}
	for _, d := range found {
		d.target, d.deleted = strings.CutSuffix(d.target, deletedMark)
	}
	infos, _ := tr.proc(p.PID, "fdinfo")
	at = infoHeader.FindAllStringSubmatchIndex(infos, -1)
	for i, m := range at {
		end := len(infos)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		d := found[atoi[int32](tr.t, infos[m[2]:m[3]])]
		if d == nil {
			continue
		}
		d.info = map[string]string{}
		for line := range strings.Lines(infos[m[1]:end]) {
			d.lines = append(d.lines, strings.TrimSpace(line))
			if k, v, ok := strings.Cut(line, ":"); ok {
				d.info[k] = strings.TrimSpace(v)
			}
		}
	}
	return found
}

// mapping is a line of /proc/PID/maps.
type mapping struct {
	start, end, offset uint64
	perms, device      string
	path               string // exact bytes, without (deleted)
	deleted            bool
}

func (tr *truth) maps(pid uint32) ([]mapping, bool) {
	text, ok := tr.proc(pid, "maps")
	var found []mapping
	for line := range strings.Lines(text) {
		f := strings.SplitN(strings.TrimSuffix(line, "\n"), " ", 6)
		start, end, _ := strings.Cut(f[0], "-")
		m := mapping{start: hexadecimal(tr.t, start), end: hexadecimal(tr.t, end), perms: f[1], offset: hexadecimal(tr.t, f[2]), device: f[3]}
		if len(f) == 6 {
			m.path, m.deleted = strings.CutSuffix(unescapeOctal(strings.TrimLeft(f[5], " ")), deletedMark)
		}
		found = append(found, m)
	}
	return found, ok
}

var octal = regexp.MustCompile(`\\[0-7]{3}`)

// unescapeOctal undoes how /proc writes blanks and newlines in paths.
func unescapeOctal(s string) string {
	return octal.ReplaceAllStringFunc(s, func(o string) string {
		n, _ := strconv.ParseUint(o[1:], 8, 8)
		return string([]byte{byte(n)})
	})
}

var hexByte = regexp.MustCompile(`\\x[0-9a-f]{2}`)

// unescapeHex undoes how the truth writes bytes of names that are no text.
func unescapeHex(s string) string {
	return hexByte.ReplaceAllStringFunc(s, func(h string) string {
		n, _ := strconv.ParseUint(h[2:], 16, 8)
		return string([]byte{byte(n)})
	})
}

func atoi[T int32 | uint32 | int64 | uint64](t *testing.T, s string) T {
	t.Helper()
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return T(n)
}

func hexadecimal(t *testing.T, s string) uint64 {
	t.Helper()
	n, err := strconv.ParseUint(strings.TrimSpace(s), 16, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func fromOctal(t *testing.T, s string) uint64 {
	t.Helper()
	n, err := strconv.ParseUint(strings.TrimSpace(s), 8, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func base64Text(t *testing.T, s string) string {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// readJSON decodes a JSON file of the truth folder; false if it is not there.
func (tr *truth) readJSON(name string, into any) bool {
	text, ok := tr.file(name)
	if ok {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			tr.t.Fatalf("%s/%s: %v", tr.dir, name, err)
		}
	}
	return ok
}
