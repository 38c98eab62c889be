package workload

import (
	"archive/tar"
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/fdinfo"
	"google.golang.org/protobuf/proto"
)

// RareVariable is the environment variable that one clone in rareOneIn has in
// the place of TERM, for queries that seek it.
const (
	RareVariable = "PASS"
	rareOneIn    = 250
)

// clone is one archive made of a template.
type clone struct {
	*template
	r       *rand.Rand
	number  int
	texts   []string // by identity
	later   time.Duration
	members []member
}

// newClone makes another checkpoint of a template: with other ids, names,
// times, remote addresses, addresses in memory, logs and changed files.
func (t *template) newClone(seed uint64, number int) (*clone, error) {
	c := &clone{template: t, r: newRand(seed, fmt.Sprintf("small %d", number)), number: number, later: time.Duration(number) * 7 * time.Second}
	for _, id := range t.secrets {
		c.texts = append(c.texts, c.other(id))
	}
	for _, m := range t.members {
		m.data = slices.Clone(m.data)
		if !m.header.ModTime.IsZero() {
			m.header.ModTime = m.header.ModTime.Add(c.later)
		}
		c.members = append(c.members, m)
	}
	for _, p := range t.patches {
		copy(c.members[p.member].data[p.offset:p.offset+p.length], c.texts[p.identity])
	}
	by, rare := c.r.Uint64N(1<<28)<<12, c.r.IntN(rareOneIn) == 0
	for i := range c.members {
		m := &c.members[i]
		for _, at := range t.pointers[i] {
			word := m.data[at : at+8]
			binary.LittleEndian.PutUint64(word, moved(binary.LittleEndian.Uint64(word), by))
		}
		if err := c.change(m, rare); err != nil {
			return nil, fmt.Errorf("changing %s of %s: %w", m.header.Name, t.name, err)
		}
	}
	return c, nil
}

// other returns an identity of the same kind and length.
func (c *clone) other(id identity) string {
	switch id.kind {
	case moment:
		layout := "2006-01-02T15:04:05"
		if id.text[13] == '-' { // in a file's name
			layout = "2006-01-02T15-04-05"
		}
		at, err := time.Parse(layout, id.text)
		if err != nil {
			return id.text
		}
		return at.Add(c.later).Format(layout)
	case hexID:
		return c.randomise(id.text, "0123456789abcdef")
	}
	first, rest, _ := strings.Cut(id.text, "-") // what was deployed: web-, f-
	return first + "-" + c.randomise(rest, "bcdfghjklmnpqrstvwxz2456789")
}

func (c *clone) randomise(text, digits string) string {
	out := []byte(text)
	for i, b := range out {
		if b != '-' {
			out[i] = digits[c.r.IntN(len(digits))]
		}
	}
	return string(out)
}

// change changes what a member holds beside identities.
func (c *clone) change(m *member, rare bool) (err error) {
	base := path.Base(m.header.Name)
	switch {
	case base == "dump.log":
		m.data = c.shorten(m.data)
	case base == "ctr.log" || base == "container.log" || base == "io.kubernetes.cri-o.LogPath":
		m.data = c.logMore(m.data)
	case base == "rootfs-diff.tar":
		m.data, err = c.addFiles(m.data)
	case base == "files.img":
		m.data, err = c.connectElsewhere(m)
	case strings.HasPrefix(base, "pages-") && rare:
		m.data = bytes.ReplaceAll(m.data, []byte("\x00TERM=xterm\x00"), fmt.Appendf(nil, "\x00%s=%05d\x00", RareVariable, c.number))
	}
	return err
}

// shorten takes some lines out of the middle of a log.
func (c *clone) shorten(log []byte) []byte {
	lines := bytes.SplitAfter(log, []byte("\n"))
	n := c.r.IntN(1 + len(lines)/4)
	from := len(lines)/4 + c.r.IntN(1+len(lines)/4)
	return bytes.Join(slices.Delete(lines, from, from+n), nil)
}

// logMore appends lines to a container's log, in the form of CRI.
func (c *clone) logMore(log []byte) []byte {
	at := time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC).Add(c.later)
	for range c.r.IntN(30) {
		at = at.Add(time.Duration(c.r.IntN(1e9)))
		log = fmt.Appendf(log, "%s stdout F %s\n", at.Format(time.RFC3339Nano), strings.ReplaceAll(string(text(c.r, nil, 20+c.r.IntN(100))), "\n", " "))
	}
	return log
}

// addFiles adds changed files of differing sizes to a rootfs-diff.tar, which
// containerd compresses.
func (c *clone) addFiles(data []byte) ([]byte, error) {
	in, compression, err := decompressor(data)
	if err != nil {
		return nil, err
	}
	files, err := readTar(in)
	if err != nil {
		return nil, err
	}
	for i := range 1 + c.r.IntN(4) {
		files = append(files, member{
			tar.Header{Name: fmt.Sprintf("var/lib/app/%05d/segment-%d.log", c.number, i), Mode: 0o644, Typeflag: tar.TypeReg, ModTime: time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC).Add(c.later)},
			text(c.r, nil, c.r.IntN(16<<10)),
		})
	}
	var out bytes.Buffer
	write := func(t *tar.Writer) error {
		for i := range files {
			if err := writeMember(t, &files[i]); err != nil {
				return err
			}
		}
		return nil
	}
	if compression == none {
		err = writeTar(&out, write)
		return out.Bytes(), err
	}
	packed, err := compressor(compression, &out)
	if err != nil {
		return nil, err
	}
	if err = writeTar(packed, write); err == nil {
		err = packed.Close()
	}
	return out.Bytes(), err
}

// connectElsewhere gives connected sockets other ends.
func (c *clone) connectElsewhere(m *member) ([]byte, error) {
	head, list, err := messages(m)
	if err != nil {
		return nil, err
	}
	out := slices.Clone(head)
	for _, data := range list {
		var e fdinfo.FileEntry
		if err := proto.Unmarshal(data, &e); err != nil {
			return nil, err
		}
		const ipv4 = 2
		if e.Isk != nil && e.Isk.GetFamily() == ipv4 && e.Isk.GetDstPort() != 0 && len(e.Isk.DstAddr) == 1 {
			e.Isk.DstAddr[0] = 10 | uint32(c.r.IntN(1<<24))<<8 // in network order
		}
		if out, err = appendMessage(out, &e); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// write makes the archive in a folder. Its name begins with its number, but
// for a kubelet's, which tells pod and time.
func (c *clone) write(dir string) error {
	file := fmt.Sprintf("%05d-%s", c.number, c.name)
	if strings.HasPrefix(c.name, "checkpoint-") {
		file = c.name
		for i, id := range c.secrets {
			file = strings.ReplaceAll(file, id.text, c.texts[i])
		}
	}
	return writeArchive(filepath.Join(dir, file), c.compression, func(t *tar.Writer) error {
		for i := range c.members {
			if err := writeMember(t, &c.members[i]); err != nil {
				return err
			}
		}
		return nil
	})
}
