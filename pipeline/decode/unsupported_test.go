package decode_test

import (
	"strings"
	"testing"

	"github.com/ckexport/ckexport/pipeline/decode"
)

// TestUnreadCompression: the compression of a file that is not read is named.
func TestUnreadCompression(t *testing.T) {
	for name, data := range map[string]string{"lz4": "\x04\x22\x4d\x18\x64\x40\xa7", "brotli": "\x8b\x02\x80abc\x03"} {
		file := "a.tar." + map[string]string{"lz4": "lz4", "brotli": "br"}[name]
		result := decodeFile(t, writeFile(t, file, []byte(data+strings.Repeat("x", 600))))
		if !hasProblem(result, "", decode.NotAnArchive) || !strings.Contains(deref(result.Archive.Error), "compressed with "+name+", which is not read") {
			t.Errorf("%s: %s", name, deref(result.Archive.Error))
		}
	}
}

// TestUnknownPagemapFields: from the first entry with a field that is not known,
// as of compressed pages, nothing tells where content lies: nothing is derived.
func TestUnknownPagemapFields(t *testing.T) {
	members := readTar(t, own("odd-env-argv.tar"))
	at := indexOf(t, members, "pagemap-1.img")
	data := members[at].data
	members[at].data = append(data[:0:0], data...)
	head := 8 + 4 + int(data[8])
	entry := append([]byte{data[head] + 2}, data[head+1:head+4+int(data[head])]...)
	members[at].data = append(append(append([]byte{}, data[:head]...), append(entry, 0x48, 0x07)...), data[head+4+int(data[head]):]...)
	result := decodeFile(t, writeFile(t, "a.tar", tarOf(t, members)))
	if result.Archive.Status != decode.StatusPartial || !hasProblem(result, "checkpoint/pages-1.img", decode.Unsupported) {
		t.Errorf("status %s, %+v", result.Archive.Status, problemsOf(result))
	}
	rows := result.Checkpoints[0]
	for _, p := range rows.Pagemaps {
		if p.PID != nil && *p.PID == 1 && p.PagesOffset != nil {
			t.Errorf("offset %d", *p.PagesOffset)
		}
	}
	if rows.Processes[0].Argv.Text != nil || len(rows.Environment) != 0 {
		t.Errorf("a command line from pages of unknown place")
	}
	if p := problemsOf(result); len(p) != 1 { // and nothing is said of texts, which are what they are
		t.Errorf("%+v", p)
	}
}
