package decode_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/schema"
)

// decodeWithContents decodes an archive with contents up to a limit.
func decodeWithContents(t testing.TB, path string, limit int64) *schema.Rows {
	t.Helper()
	d := decode.Decoder{Limits: decode.DefaultLimits(), PayloadLimit: limit}
	result, err := d.Decode(context.Background(), source.Path(path))
	if err != nil {
		t.Fatal(err)
	}
	return result.Checkpoints[0]
}

// content is one content with what is told of it in any case.
type content struct {
	name   string
	data   []byte
	size   uint64
	sha256 *string
}

func contentsOf(rows *schema.Rows) []content {
	var all []content
	for _, r := range rows.PipeBuffers {
		all = append(all, content{r.Kind, r.Data, uint64(r.Size), r.SHA256})
	}
	for _, r := range rows.SocketQueues {
		all = append(all, content{"packet", r.Data, uint64(r.Size), r.SHA256})
	}
	for _, r := range rows.TCPStreams {
		all = append(all, content{"received", r.ReceiveData, uint64(r.ReceiveQueueBytes), r.ReceiveSHA256}, content{"sent", r.SendData, uint64(r.SendQueueBytes), r.SendSHA256})
	}
	for _, r := range rows.GhostFiles {
		if r.SizeBytes != nil {
			all = append(all, content{"ghost", r.Data, *r.SizeBytes, r.SHA256})
		}
	}
	for _, r := range rows.TTYs {
		if r.InputBytes != nil {
			all = append(all, content{"tty", r.Data, *r.InputBytes, r.InputSHA256})
		}
	}
	for _, r := range rows.IPCObjects {
		for i := range r.MessageSizes {
			c := content{name: "message", size: uint64(r.MessageSizes[i]), sha256: &r.MessageSHA256[i]}
			if r.Messages != nil {
				c.data = r.Messages[i]
			}
			all = append(all, c)
		}
	}
	return all
}

// TestPayloads: contents are those the programs wrote, the digest is that of
// all of it, whatever the limit; and none is there unless it was asked for.
func TestPayloads(t *testing.T) {
	for archive, want := range map[string][]string{
		"everything.tar.zst": {"pipe:pipe-data-TOKEN-12345\n", "fifo:fifo-data\n", "tty:typed input\n", "message:message-one\x00", "message:message-two-SECRET\x00",
			"packet:socketpair-data", "packet:from-client", "packet:dgram2"},
		"tcp-established.tar.zst": {"received:GET / HTTP/1.1\r\nAuthorization: Bearer tok-ESTAB\r\n\r\n", "received:HTTP/1.1 200 OK\r\n"},
		"ghost-files.tar":         {"ghost:"},
	} {
		none, full, short := contentsOf(decodeWithContents(t, own(archive), 0)), contentsOf(decodeWithContents(t, own(archive), 1<<30)), contentsOf(decodeWithContents(t, own(archive), 5))
		for i, c := range full {
			if uint64(len(c.data)) != c.size || c.sha256 == nil || *c.sha256 != digestOf(c.data) {
				t.Errorf("%s: %s of %d bytes, digest %v, but content of %d bytes", archive, c.name, c.size, c.sha256, len(c.data))
			}
			n, s := none[i], short[i]
			if n.data != nil || n.size != c.size || *n.sha256 != *c.sha256 {
				t.Errorf("%s: %s without contents: %+v", archive, c.name, n)
			}
			if s.data == nil || !bytes.Equal(s.data, c.data[:min(5, len(c.data))]) || s.size != c.size || *s.sha256 != *c.sha256 {
				t.Errorf("%s: %s with 5 bytes: %+v", archive, c.name, s)
			}
		}
		for _, w := range want {
			name, text, _ := strings.Cut(w, ":")
			if !slices.ContainsFunc(full, func(c content) bool { return c.name == name && strings.Contains(string(c.data), text) }) {
				t.Errorf("%s: no %s holds %q", archive, name, text)
			}
		}
	}
}

// TestTerminals: the program made a pty of 33 lines of 111 characters, the
// first its session's; the special characters are those every terminal has.
func TestTerminals(t *testing.T) {
	rows := decodeWithContents(t, own("everything.tar.zst"), 0)
	if len(rows.TTYs) != 2 {
		t.Fatalf("%d terminals, want the two ends of a pty", len(rows.TTYs))
	}
	paths := []string{}
	for _, r := range rows.TTYs {
		paths = append(paths, exact(r.Path))
		if *r.Rows != 33 || *r.Columns != 111 || *r.Type.Name != "PTY" || *r.PtyIndex != 0 {
			t.Errorf("terminal %+v", r)
		}
		// ^C ^\ DEL ^U ^D, TIME 0, MIN 1, no swtch, ^Q ^S ^Z
		if len(r.ControlChrs) != 19 || !slices.Equal(r.ControlChrs[:11], []uint32{3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26}) {
			t.Errorf("special characters %v", r.ControlChrs)
		}
		if !slices.Contains(r.LocalFlags.Names, "ICANON") || !slices.Contains(r.ControlFlgs.Names, "B38400") || !slices.Contains(r.ControlFlgs.Names, "CS8") {
			t.Errorf("flags %v, %v", r.LocalFlags.Names, r.ControlFlgs.Names)
		}
	}
	slices.Sort(paths)
	if !slices.Equal(paths, []string{"/dev/pts/0", "/dev/pts/ptmx"}) {
		t.Errorf("paths %q", paths)
	}
}

// TestTruncatedPayloads cuts images whose entries have content behind them, at
// each byte: what precedes the cut is decoded, and one problem tells of it.
func TestTruncatedPayloads(t *testing.T) {
	kinds := []string{"pipes-data.img", "fifo-data.img", "sk-queues.img", "tty-info.img", "tty-data.img", "ipcns-shm-11.img", "ipcns-sem-11.img", "ipcns-msg-11.img"}
	var members []tarMember
	for _, m := range readTar(t, own("everything.tar.zst")) {
		if slices.ContainsFunc(append(kinds, "inventory.img", "files.img"), func(k string) bool { return strings.HasSuffix(m.header.Name, "/"+k) }) {
			members = append(members, m)
		}
	}
	counts := func(rows *schema.Rows) int {
		return len(rows.PipeBuffers) + len(rows.SocketQueues) + len(rows.TTYs) + len(rows.IPCObjects)
	}
	all := decodeWithContents(t, writeFile(t, "a.tar", tarOf(t, members)), 100)
	for _, kind := range kinds {
		i := indexOf(t, members, kind)
		data := members[i].data
		before, silent := 0, 0
		for cut := 0; cut < len(data); cut += 1 + len(data)/512*61 {
			damaged := slices.Clone(members)
			damaged[i].data = data[:cut]
			rows := decodeWithContents(t, writeFile(t, "a.tar", tarOf(t, damaged)), 100)
			told := 0
			for _, p := range rows.Problems {
				if exact(p.Member) == members[i].header.Name {
					told++
				}
			}
			if told == 0 {
				silent++
			}
			if told > 1 {
				t.Errorf("%s cut at %d: %d problems, want one", kind, cut, told)
			}
			if n := counts(rows); n > counts(all)+2 || n < before { // input of a terminal that is not known has a row of its own
				t.Errorf("%s cut at %d of %d: %d rows, %d without the cut", kind, cut, len(data), n, counts(all))
			} else if kind != "tty-info.img" {
				before = n
			}
			for _, c := range contentsOf(rows) {
				if c.sha256 != nil && uint64(len(c.data)) != min(c.size, 100) {
					t.Errorf("%s cut at %d: %s has a digest, and %d of %d bytes", kind, cut, c.name, len(c.data), c.size)
				}
			}
		}
		if entries := counts(all) + 1; silent > entries {
			t.Errorf("%s: of %d cuts nothing is told, there are %d places between entries at most", kind, silent, entries)
		}
	}
}
