package main

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// packer is a compression whose streams may be put behind one another.
type packer struct {
	pack func(t *testing.T, data []byte) []byte
	// zeros are so many of them, compressed once for all tests.
	zeros func(t *testing.T) []byte
}

const zerosInChunk = 32 << 20

func newPacker(pack func(t *testing.T, data []byte) []byte) packer {
	var zeros []byte
	return packer{pack, func(t *testing.T) []byte {
		if zeros == nil {
			zeros = pack(t, make([]byte, zerosInChunk))
		}
		return zeros
	}}
}

func gzipped(t *testing.T, data []byte) []byte {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	write(t, w, data)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zstded(t *testing.T, data []byte) []byte {
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	return w.EncodeAll(data, nil)
}

// bomb writes the start of a tar, a member of 10 GiB of zeros, and what
// follows, compressed.
func bomb(t *testing.T, out io.Writer, pack packer, before []tarEntry, name string) {
	const size = 10 << 30
	var head bytes.Buffer
	writeTar(t, &head, before...)
	head.Write(rawHeader('0', name, size))
	write(t, out, pack.pack(t, head.Bytes()))
	for range size / zerosInChunk {
		write(t, out, pack.zeros(t))
	}
	var tail bytes.Buffer
	writeTar(t, &tail, entryOf("behind", []byte("x")))
	endTar(t, &tail)
	write(t, out, pack.pack(t, tail.Bytes()))
}

// hostileBombs are archives that expand to far more than they are.
func hostileBombs() []hostile {
	gzips, zstds := newPacker(gzipped), newPacker(zstded)
	packed := func(pack packer, name string) func(t *testing.T) []tarEntry {
		return func(t *testing.T) []tarEntry {
			var inner bytes.Buffer
			bomb(t, &inner, pack, []tarEntry{entryOf("first", []byte("x"))}, "zeros")
			return []tarEntry{entryOf(name, inner.Bytes()), entryOf("artifacts/behind", []byte("still there"))}
		}
	}
	behind := "SELECT count(*) FROM archive_members WHERE path = 'artifacts/behind' AND decode_status = 'ok'"
	outer := func(pack packer) func(t *testing.T, out io.Writer) {
		return func(t *testing.T, out io.Writer) { bomb(t, out, pack, healthyMembers(t), "zeros") }
	}
	return []hostile{
		{name: "gzip bomb", status: "partial", limit: "max-ratio", write: outer(gzips), both: true},
		{name: "zstd bomb", status: "partial", limit: "max-ratio", write: outer(zstds)},
		{name: "gzip bomb within rootfs-diff", status: "partial", limit: "max-ratio", query: behind, answer: "1",
			write: withMembers(packed(gzips, "rootfs-diff.tar"))},
		{name: "zstd bomb within rootfs-diff", status: "partial", limit: "max-ratio", query: behind, answer: "1",
			write: withMembers(packed(zstds, "rootfs-diff.tar"))},
		{name: "gzip bomb within tmpfs", status: "partial", limit: "max-ratio", query: behind, answer: "1",
			write: withMembers(packed(gzips, "checkpoint/tmpfs-dev-73.tar.gz.img"))},
		{name: "gzip bomb within gzip", status: "partial", limit: "max-ratio", query: behind, answer: "1",
			write: func(t *testing.T, out io.Writer) {
				var inner bytes.Buffer
				withMembers(packed(gzips, "rootfs-diff.tar"))(t, &inner)
				write(t, out, gzipped(t, inner.Bytes()))
			}},
		{name: "ten bombs within", status: "partial", limit: "max-ratio", query: behind, answer: "1",
			write: withMembers(func(t *testing.T) []tarEntry {
				var list []tarEntry
				for _, name := range []string{"volumes/a.tar", "volumes/b.tar", "volumes/c.tar", "volumes/d.tar", "volumes/e.tar", "x.tar.zst", "y.tar.zst", "z.tar.zst", "w.tar.zst"} {
					list = append(list, packed(zstds, name)(t)[0])
				}
				return append(list, packed(gzips, "rootfs-diff.tar")(t)...)
			})},
		{name: "expanded bytes", status: "partial", limit: "max-expanded", flags: []string{"--max-expanded", "1GiB"}, write: outer(gzips)},
		{name: "bytes read", status: "partial", limit: "max-read", flags: []string{"--max-read", "4MiB"}, write: withMembers(func(*testing.T) []tarEntry {
			return []tarEntry{entryOf("artifacts/large", make([]byte, 8<<20))}
		})},
		{name: "zstd window of gigabytes", status: "failed", write: func(t *testing.T, out io.Writer) {
			// a frame header with a window of 2 GiB, and a raw block
			write(t, out, []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 21 << 3, 0x01, 0x10, 0x00, 'x', 'x'})
		}},
		{name: "zstd window of gigabytes within", status: "partial", write: withMembers(func(*testing.T) []tarEntry {
			return []tarEntry{entryOf("rootfs-diff.tar", []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 21 << 3, 0x01, 0x10, 0x00, 'x', 'x'})}
		})},
		{name: "xz dictionary of gigabytes", status: "failed", write: func(t *testing.T, out io.Writer) { write(t, out, xzDictionary()) }},
		{name: "a deleted file of holes", status: "partial", limit: "max-ratio", write: withMembers(func(t *testing.T) []tarEntry {
			var list []tarEntry
			for i := range 20 {
				list = append(list, ghostOfHoles(t, uint32(i), 1<<62))
			}
			return list
		})},
	}
}

// xzDictionary makes the beginning of an xz stream whose block asks for a
// dictionary of 4 GiB.
func xzDictionary() []byte {
	out := []byte("\xfd7zXZ\x00\x00\x01")
	out = binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(out[6:8]))
	block := []byte{2, 0, 0x21, 1, 40, 0, 0, 0}
	block = binary.LittleEndian.AppendUint32(block, crc32.ChecksumIEEE(block))
	return append(append(out, block...), make([]byte, 64)...)
}
