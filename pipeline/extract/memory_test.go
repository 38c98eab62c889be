package extract_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ckexport/ckexport/pipeline/extract"
)

// wroteLater are pages with the area of restartable sequences, which the kernel writes
// to whenever the thread runs: the truth was taken before the checkpoint.
var wroteLater = map[uint64]bool{0xc540000: true}

// TestMemory extracts the memory of processes with shared objects. By the map every
// page of it is that which the process had.
func TestMemory(t *testing.T) {
	const archive = "memhash-shm"
	got := run(t, extract.Selection{Memory: []extract.Region{region(t, "all")}}, own(archive+".tar"))
	if len(got.items) != 2 {
		t.Fatalf("%d items", len(got.items))
	}
	for _, i := range got.items {
		data := got.content(t, i)
		at := offsets(t, filepath.Join(got.dir, i.Map))
		compared := 0
		for address, page := range truePages(t, archive, *i.PID) {
			offset, ok := at(address)
			if !ok {
				if page.anonymous {
					t.Errorf("pid %d: %#x is absent", *i.PID, address)
				}
				continue
			}
			if sum := sha256.Sum256(data[offset : offset+4096]); hex.EncodeToString(sum[:]) != page.sha256 && !wroteLater[address] {
				t.Errorf("pid %d: page %#x is another one", *i.PID, address)
			}
			compared++
		}
		if compared < 15 {
			t.Errorf("pid %d: only %d pages compared", *i.PID, compared)
		}
	}
}

// TestInjected finds code that a process wrote into memory that it may execute: by the
// map it stands on the second page of a mapping without a file.
func TestInjected(t *testing.T) {
	got := run(t, extract.Selection{Memory: []extract.Region{region(t, "all")}}, own("everything.tar.zst"))
	for _, i := range got.items {
		at := bytes.Index(got.content(t, i), []byte("RWX-SHELLCODE-MARK"))
		if at < 0 {
			continue
		}
		lines, err := os.ReadFile(filepath.Join(got.dir, i.Map))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(lines)) {
			var l mapLine
			if err := json.Unmarshal([]byte(line), &l); err != nil {
				t.Fatal(err)
			}
			if l.Kind == "vvar" && l.Content != "absent" {
				t.Errorf("what the kernel keeps for itself is %s", l.Content)
			}
			if l.Offset != nil && *l.Offset <= uint64(at) && l.Content == "pages" && l.Perms == "rwxp" && l.Kind == "anon" && uint64(at)-*l.Offset == 4096 {
				return
			}
		}
		t.Errorf("pid %d: byte %d is of no such mapping:\n%s", *i.PID, at, lines)
	}
	t.Error("nothing was found")
}

// TestRegion extracts a range of memory, which begins and ends within a page.
func TestRegion(t *testing.T) {
	const archive = "memhash-shm"
	whole := run(t, extract.Selection{Memory: []extract.Region{region(t, "1")}}, own(archive+".tar"))
	at := offsets(t, filepath.Join(whole.dir, whole.items[0].Map))
	for address, page := range truePages(t, archive, 1) {
		offset, ok := at(address)
		if !ok || !page.anonymous {
			continue
		}
		got := run(t, extract.Selection{Memory: []extract.Region{region(t, fmt.Sprintf("1:%x-%#x", address+5, address+4000))}}, own(archive+".tar"))
		if want := whole.content(t, whole.items[0])[offset+5 : offset+4000]; !bytes.Equal(got.content(t, got.items[0]), want) {
			t.Errorf("%#x: other bytes", address)
		}
		return
	}
	t.Error("no page")
}

func region(t *testing.T, text string) extract.Region {
	t.Helper()
	r, err := extract.ParseRegion(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// truePage is what a page was while the process ran.
type truePage struct {
	sha256    string
	anonymous bool
}

func truePages(t *testing.T, archive string, pid uint32) map[uint64]truePage {
	t.Helper()
	text, err := os.ReadFile(own(fmt.Sprintf("%s.truth/proc/%d/pages.sha256", archive, pid)))
	if err != nil {
		t.Fatal(err)
	}
	pages := map[uint64]truePage{}
	for line := range strings.Lines(string(text)) {
		var address uint64
		var sum, flag string
		if n, _ := fmt.Sscanf(line, "%x %s %s", &address, &sum, &flag); n == 3 && line[0] != '#' {
			pages[address] = truePage{sum, flag == "A"}
		}
	}
	return pages
}

// mapLine is a line of the map beside a memory file.
type mapLine struct {
	From, To, Content, Perms, Kind string
	Offset                         *uint64
}

// offsets reads the map of a memory file: where in it an address is.
func offsets(t *testing.T, name string) func(uint64) (uint64, bool) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	type line struct {
		from, to uint64
		offset   *uint64
	}
	var all []line
	for text := range strings.Lines(string(text)) {
		var l mapLine
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatal(err)
		}
		var from, to uint64
		if _, err := fmt.Sscanf(l.From+" "+l.To, "0x%x 0x%x", &from, &to); err != nil {
			t.Fatal(err)
		}
		all = append(all, line{from, to, l.Offset})
	}
	return func(address uint64) (uint64, bool) {
		for _, l := range all {
			if l.from <= address && address < l.to && l.offset != nil {
				return *l.offset + address - l.from, true
			}
		}
		return 0, false
	}
}
