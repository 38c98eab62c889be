package archive

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/pierrec/lz4/v4"
)

// LZ4 is a compression of members. Archives in it are not read.
const LZ4 = "lz4"

// LooksLZ4 reports whether content that begins so is in LZ4, or in its older form.
// Source: LZ4 Frame Format Description.
func LooksLZ4(head []byte) bool {
	return bytes.HasPrefix(head, []byte{0x04, 0x22, 0x4d, 0x18}) || bytes.HasPrefix(head, []byte{0x02, 0x21, 0x4c, 0x18})
}

// MemoryLZ4 is how much memory reading LZ4 takes: it has blocks of up to 8 MiB.
const MemoryLZ4 = 16 << 20

// Expand reads what is compressed with LZ4 by itself; else it reads it as it is.
// What comes out of LZ4 counts as expanded. Several may be open at a time.
func (o *Opener) Expand(r io.Reader) (io.Reader, error) {
	packed := &counter{r: r}
	buffered := bufio.NewReader(packed)
	head, err := buffered.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("reading: %w", err)
	}
	if !LooksLZ4(head) {
		return buffered, nil
	}
	return o.expand(lz4Reader{lz4.NewReader(buffered)}, packed.count), nil
}

// lz4Reader says of its errors what they are of.
type lz4Reader struct{ *lz4.Reader }

func (r lz4Reader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("reading lz4: %w", truncation(err))
	}
	return n, err
}

// Within returns a member that was found in the content of m: of that name, with
// what is known of m otherwise.
func (m *Member) Within(name string, size int64, content io.Reader) *Member {
	return &Member{
		Name: CleanName(name), RawName: name, Type: File, Size: size, Mode: m.Mode, UID: m.UID, GID: m.GID,
		UserName: m.UserName, GroupName: m.GroupName, ModTime: m.ModTime, Offset: -1,
		content: content,
	}
}
