package decode_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/pierrec/lz4/v4"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/layout"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/schema"
)

// marker makes a marker as criu-image-streamer writes it; proto3 leaves zeros out.
func marker(number uint64, field protowire.Number, value any) []byte {
	var m []byte
	if number != 0 {
		m = protowire.AppendVarint(protowire.AppendTag(m, 1, protowire.VarintType), number)
	}
	switch v := value.(type) {
	case string:
		m = protowire.AppendString(protowire.AppendTag(m, field, protowire.BytesType), v)
	case int:
		m = protowire.AppendVarint(protowire.AppendTag(m, field, protowire.VarintType), uint64(v))
	}
	return append(binary.LittleEndian.AppendUint32(nil, uint32(len(m))), m...)
}

// streamsOf makes the shards of a stream of images: the pieces of all files in
// turn, as of files that are written at the same time, over the shards in turn.
func streamsOf(images []tarMember, shards int) [][]byte {
	out := make([][]byte, shards)
	number := uint64(0)
	put := func(field protowire.Number, value any, data []byte) {
		i := int(number*7/3) % shards
		out[i] = append(append(out[i], marker(number, field, value)...), data...)
		number++
	}
	rest := map[string][]byte{}
	var open []string
	for _, m := range images {
		open, rest[m.header.Name] = append(open, m.header.Name), m.data
	}
	for len(open) > 0 {
		open = slices.DeleteFunc(open, func(name string) bool {
			put(2, name, nil)
			if len(rest[name]) == 0 {
				put(4, 1, nil)
				return true
			}
			n := min(len(rest[name]), 5000)
			put(3, n, rest[name][:n])
			rest[name] = rest[name][n:]
			return false
		})
	}
	put(5, 1, nil)
	return out
}

func lz4Of(t testing.TB, data []byte) []byte {
	t.Helper()
	var packed bytes.Buffer
	w := lz4.NewWriter(&packed)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

// streamed replaces the images of an archive by a stream of them.
func streamed(t testing.TB, name string, shards int, pack func([]byte) []byte) []tarMember {
	t.Helper()
	return streamedMembers(t, readTar(t, own(name)), shards, pack)
}

func streamedMembers(t testing.TB, all []tarMember, shards int, pack func([]byte) []byte) (members []tarMember) {
	t.Helper()
	var images []tarMember
	for _, m := range all {
		if dir, base := path.Split(m.header.Name); strings.TrimPrefix(dir, "./") == "checkpoint/" && layout.Classify(layout.Entry{Name: base}).Kind.Name != "" {
			images = append(images, member(base, m.data))
			continue
		}
		members = append(members, m)
	}
	if len(images) == 0 {
		t.Fatal("no images")
	}
	for i, data := range streamsOf(images, shards) {
		base := "checkpoint/img.lz4"
		if shards > 1 {
			base = fmt.Sprintf("checkpoint/img-%d.lz4", i+1)
		}
		members = append(members, member(base, pack(data)))
	}
	return members
}

// sameButPlaces compares the rows of two archives but for where things stand in them.
func sameButPlaces(t *testing.T, got, want *schema.Rows) {
	t.Helper()
	ignore := cmp.Options{
		cmpopts.IgnoreFields(schema.Rows{}, "ArchiveMembers", "FilesystemEntries"), cmpopts.IgnoreFields(schema.Checkpoint{}, "Source", "ArchiveName", "DumpedAt"),
		cmpopts.IgnoreFields(schema.Problem{}, "Source"),
	}
	if diff := cmp.Diff(want, got, ignore); diff != "" {
		t.Errorf("-images +stream\n%s", diff)
	}
	equal(t, "files", len(got.FilesystemEntries), len(want.FilesystemEntries))
}

// TestImageStreams: the images of a stream are decoded as if they stood in its
// folder, pages of memory included, and it is the same checkpoint.
func TestImageStreams(t *testing.T) {
	const name = "nginx.tar.zst"
	want := decodeFile(t, own(name)).Checkpoints[0]
	packed := func(data []byte) []byte { return lz4Of(t, data) }
	plain := slices.Clone[[]byte]
	for variant, at := range map[string]string{
		"lz4":                   writeFile(t, "a.tar", tarOf(t, streamed(t, name, 1, packed))),
		"as it is":              writeFile(t, "a.tar", tarOf(t, streamed(t, name, 1, plain))),
		"in a compressed tar":   writeFile(t, "a.tar.gz", gzipOf(t, tarOf(t, streamed(t, name, 1, packed)))),
		"in front of metadata":  writeFile(t, "a.tar.gz", gzipOf(t, tarOf(t, reversed(streamed(t, name, 1, packed))))),
		"three shards":          writeFile(t, "a.tar", tarOf(t, streamed(t, name, 3, packed))),
		"shards in any order":   writeFile(t, "a.tar", tarOf(t, reversed(streamed(t, name, 3, packed)))),
		"an unpacked archive":   unpack(t, streamed(t, name, 2, packed)),
		"an archive in another": writeFile(t, "a.tar", tarOf(t, []tarMember{member("web.tar", tarOf(t, streamed(t, name, 2, packed)))})),
	} {
		t.Run(variant, func(t *testing.T) {
			result := decodeFile(t, at)
			if result.Archive.Status != decode.StatusOK || len(result.Checkpoints) != 1 {
				t.Fatalf("status %s, %+v", result.Archive.Status, problemsOf(result))
			}
			got := result.Checkpoints[0]
			if variant == "an archive in another" {
				sameIdentity(t, got, want)
				return
			}
			sameButPlaces(t, got, want)
			i := slices.IndexFunc(got.ArchiveMembers, func(m schema.ArchiveMember) bool { return exact(m.Path) == "checkpoint/pstree.img" })
			if m := got.ArchiveMembers[i]; !strings.HasPrefix(deref(m.ContainerMember), "checkpoint/img") || m.Kind != "PSTREE" || m.DecodeStatus != "ok" {
				t.Errorf("%+v", m)
			}
		})
	}
}

// TestDamagedImageStreams: of a stream that is damaged, what precedes the damage
// is decoded, and all that stands beside it.
func TestDamagedImageStreams(t *testing.T) {
	const name, stream = "odd-env-argv.tar", "checkpoint/img"
	plain := slices.Clone[[]byte]
	members := streamed(t, name, 1, plain)
	at := indexOf(t, members, "img.lz4")
	members[at].header.Name = stream
	whole := members[at].data
	garbage := append(binary.LittleEndian.AppendUint32(nil, 1<<30), bytes.Repeat([]byte{0x55}, 100)...)
	packed := lz4Of(t, whole)
	for what, test := range map[string]struct {
		data []byte
		code string
	}{
		"cut":                     {whole[:len(whole)*3/4], decode.Truncated},
		"cut within lz4":          {packed[:len(packed)*3/4], decode.Truncated},
		"no end of the image":     {whole[:len(whole)-8], decode.Truncated},
		"garbage in the middle":   {slices.Concat(whole[:9], marker(1, 4, 1), garbage), decode.Malformed},
		"something behind it":     {slices.Concat(whole, marker(1<<40, 2, "x")), decode.Malformed},
		"lz4 of something else":   {lz4Of(t, garbage), decode.Unsupported},
		"lz4 that is none":        {append([]byte{4, 0x22, 0x4d, 0x18, 0x64, 0x40, 0xa7}, garbage...), decode.Unsupported},
		"a number that is missed": {slices.Concat(whole[:9], marker(7, 2, "x")), decode.Truncated},
	} {
		t.Run(what, func(t *testing.T) {
			members[at].data = test.data
			result := decodeFile(t, writeFile(t, "a.tar", tarOf(t, members)))
			if result.Archive.Status != decode.StatusPartial || len(result.Checkpoints) != 1 || !hasProblem(result, stream, test.code) {
				t.Fatalf("status %s, %+v", result.Archive.Status, problemsOf(result))
			}
			rows := result.Checkpoints[0]
			if len(rows.ContainerSpecs) != 1 {
				t.Errorf("the specification beside the stream is lost")
			}
			if what == "something behind it" && (len(rows.Processes) == 0 || rows.Processes[0].Argv.Text == nil) {
				t.Errorf("what precedes the damage is lost: %+v", rows.Problems)
			}
		})
	}
}

// TestShardsInOrder: shards can't be put together where they are read one after
// another; that is told.
func TestShardsInOrder(t *testing.T) {
	members := streamed(t, "odd-env-argv.tar", 3, func(data []byte) []byte { return lz4Of(t, data) })
	result := decodeFile(t, writeFile(t, "a.tar.gz", gzipOf(t, tarOf(t, members))))
	if result.Archive.Status != decode.StatusPartial || !hasProblem(result, "checkpoint/img-1.lz4", decode.Unsupported) {
		t.Errorf("status %s, %+v", result.Archive.Status, problemsOf(result))
	}
}

// TestUnsafeStreamedNames: a name in a stream leads nowhere.
func TestUnsafeStreamedNames(t *testing.T) {
	images := imagesOf(t, "odd-env-argv.tar")
	images = append(images, member("../config.dump", []byte(`{"id": "x"}`)))
	result := decodeFile(t, writeFile(t, "a.tar", tarOf(t, []tarMember{member("checkpoint/img", streamsOf(images, 1)[0])})))
	if !hasProblem(result, "../config.dump", decode.UnsafeName) || len(result.Checkpoints[0].ContainerSpecs) != 0 {
		t.Errorf("%+v", problemsOf(result))
	}
}

// TestLargeStreamedFiles: files of a stream that pass a limit cost themselves: one
// that is large, and many that grow at the same time.
func TestLargeStreamedFiles(t *testing.T) {
	large := []tarMember{member("sk-queues.img", make([]byte, 1<<20))}
	var many []tarMember
	for i := range 10 {
		many = append(many, member(fmt.Sprintf("core-%d.img", 100+i), make([]byte, 1<<18)))
	}
	for what, images := range map[string][]tarMember{"a large file": large, "many files": many} {
		images = append(imagesOf(t, "odd-env-argv.tar"), images...)
		d := decode.Decoder{Limits: decode.DefaultLimits()}
		d.Limits.MetadataBytes = 1 << 19
		result, err := d.Decode(t.Context(), source.Path(writeFile(t, "a.tar", tarOf(t, []tarMember{member("checkpoint/img", streamsOf(images, 1)[0])}))))
		if err != nil {
			t.Fatal(err)
		}
		if !hasProblem(result, "", decode.LimitExceeded) || len(result.Checkpoints) != 1 || result.Checkpoints[0].Processes[0].Argv.Text == nil {
			t.Errorf("%s: %+v", what, problemsOf(result))
		}
	}
}
