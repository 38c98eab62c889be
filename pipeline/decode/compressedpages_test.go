package decode_test

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/pagemap"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/pierrec/lz4/v4"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/schema"
)

// blockForm is how a pagemap entry tells of compressed pages.
type blockForm struct {
	pagesPerBlock int
	fields        func(sizes []uint64, total, pagesPerBlock int) []byte
	aligned       bool
}

func packedSizes(sizes []uint64) (packed []byte) {
	for _, s := range sizes {
		packed = protowire.AppendVarint(packed, s)
	}
	return packed
}

// blocksMessage is the form of today; sizesByPage and sizesByRegion are those that
// CRIU's development branch had first.
func blocksMessage(sizes []uint64, total, pagesPerBlock int) []byte {
	m := protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), packedSizes(sizes))
	m = protowire.AppendVarint(protowire.AppendTag(m, 2, protowire.VarintType), uint64(total))
	m = protowire.AppendVarint(protowire.AppendTag(m, 3, protowire.VarintType), uint64(pagesPerBlock))
	return protowire.AppendBytes(protowire.AppendTag(nil, 6, protowire.BytesType), m)
}

func sizesByPage(sizes []uint64, _, _ int) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, 6, protowire.BytesType), packedSizes(sizes))
}

func sizesByRegion(sizes []uint64, total, pagesPerBlock int) (fields []byte) {
	for _, s := range sizes {
		fields = protowire.AppendVarint(protowire.AppendTag(fields, 6, protowire.VarintType), s)
	}
	fields = protowire.AppendVarint(protowire.AppendTag(fields, 7, protowire.VarintType), uint64(total))
	return protowire.AppendVarint(protowire.AppendTag(fields, 8, protowire.VarintType), uint64(pagesPerBlock))
}

// compressedPages returns the members of an archive with pages compressed as CRIU
// does it; every third run stays as it is.
func compressedPages(t testing.TB, name string, form blockForm) []tarMember {
	t.Helper()
	const pageSize = 4096
	members := readTar(t, own(name))
	pagesMember, mapMember := &members[indexOf(t, members, "pages-1.img")], &members[indexOf(t, members, "pagemap-1.img")]
	content := pagesMember.data
	image := bytes.Clone(mapMember.data[:8+4+int(mapMember.data[8])])
	var stored []byte
	for i, run := range pagemapEntries(t, mapMember.data) {
		pages := int(max(run.GetNrPages(), uint64(run.GetCompatNrPages())))
		data := content[:pages*pageSize]
		content = content[pages*pageSize:]
		if form.aligned {
			stored = append(stored, make([]byte, (pageSize-len(stored)%pageSize)%pageSize)...)
			run.Flags = proto.Uint32(run.GetFlags() | 8)
		}
		entry := marshal(t, run)
		if i%3 == 2 {
			stored = append(stored, data...)
		} else {
			var sizes []uint64
			from := len(stored)
			for len(data) > 0 {
				block := data[:min(len(data), form.pagesPerBlock*pageSize)]
				data = data[len(block):]
				packed := storedBlock(t, block)
				sizes, stored = append(sizes, uint64(len(packed))), append(stored, packed...)
			}
			entry = append(entry, form.fields(sizes, len(stored)-from, form.pagesPerBlock)...)
		}
		image = append(binary.LittleEndian.AppendUint32(image, uint32(len(entry))), entry...)
	}
	mapMember.data, pagesMember.data = image, stored
	return members
}

func marshal(t testing.TB, run *pagemap.PagemapEntry) []byte {
	t.Helper()
	data, err := proto.Marshal(run)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// storedBlock is what CRIU stores of a block: nothing of zeros, and as it is what
// is hardly smaller.
func storedBlock(t testing.TB, block []byte) []byte {
	t.Helper()
	if len(bytes.Trim(block, "\x00")) == 0 {
		return nil
	}
	packed := make([]byte, lz4.CompressBlockBound(len(block)))
	n, err := lz4.CompressBlock(block, packed, nil)
	if err != nil {
		t.Fatal(err)
	}
	if n == 0 || n >= len(block)*7/8 {
		return block
	}
	return packed[:n]
}

// TestCompressedPages: command lines and environments come out of compressed pages
// as of others, in each form that CRIU had.
func TestCompressedPages(t *testing.T) {
	const name = "odd-env-argv.tar"
	want := decodeFile(t, own(name)).Checkpoints[0]
	for what, form := range map[string]blockForm{
		"pages":          {1, blocksMessage, false},
		"blocks":         {3, blocksMessage, false},
		"aligned blocks": {64, blocksMessage, true},
		"first pages":    {1, sizesByPage, false},
		"first regions":  {4, sizesByRegion, false},
	} {
		members := compressedPages(t, name, form)
		for where, at := range map[string]string{
			"a tar":             writeFile(t, "a.tar", tarOf(t, members)),
			"a compressed tar":  writeFile(t, "a.tar.gz", gzipOf(t, tarOf(t, members))),
			"pages in front":    writeFile(t, "a.tar.gz", gzipOf(t, tarOf(t, reversed(members)))),
			"an unpacked tar":   unpack(t, members),
			"a stream of pages": writeFile(t, "a.tar", tarOf(t, streamedMembers(t, members, 1, func(data []byte) []byte { return data }))),
		} {
			t.Run(what+" in "+where, func(t *testing.T) {
				result := decodeFile(t, at)
				if result.Archive.Status != decode.StatusOK || len(result.Checkpoints) != 1 {
					t.Fatalf("status %s, %+v", result.Archive.Status, problemsOf(result))
				}
				got := result.Checkpoints[0]
				equal(t, "first problem", problemsOf(result)[0].Code, decode.CompressedPages)
				ignore := cmp.Options{
					cmpopts.IgnoreFields(schema.Rows{}, "CheckpointID", "ArchiveMembers", "FilesystemEntries", "Problems", "UnknownFields"),
					cmpopts.IgnoreFields(schema.Checkpoint{}, "Source", "ArchiveName", "DumpedAt", "CheckpointBytes", "MemoryPagesBytes"),
					cmpopts.IgnoreFields(schema.Pagemap{}, "PagesOffset", "Flags"),
				}
				if diff := cmp.Diff(want, got, ignore); diff != "" {
					t.Errorf("-as they are +compressed\n%s", diff)
				}
				for _, p := range got.Pagemaps {
					if p.PID != nil && *p.PID == 1 && p.PagesOffset != nil {
						t.Errorf("pages at %d of what is compressed", *p.PagesOffset)
					}
				}
			})
		}
	}
}

// TestDamagedCompressedPages: what can't be decompressed is told, and no text is
// made of it; what the fields of a run do not fit is a form that is not known.
func TestDamagedCompressedPages(t *testing.T) {
	for what, test := range map[string]struct {
		change func(pages, pagemap []byte) ([]byte, []byte)
		code   string
	}{
		"cut":     {func(pages, m []byte) ([]byte, []byte) { return pages[:len(pages)-1], m }, decode.SizeMismatch},
		"garbage": {func(pages, m []byte) ([]byte, []byte) { return bytes.Repeat([]byte{0xf0}, len(pages)), m }, decode.Malformed},
		"one size too few": {func(pages, m []byte) ([]byte, []byte) {
			at := bytes.LastIndexByte(m, 0x18) // the tag of pages_per_block
			m = bytes.Clone(m)
			m[at+1]++
			return pages, m
		}, decode.Unsupported},
	} {
		members := compressedPages(t, "odd-env-argv.tar", blockForm{1, blocksMessage, false})
		pages, m := &members[indexOf(t, members, "pages-1.img")], &members[indexOf(t, members, "pagemap-1.img")]
		pages.data, m.data = test.change(pages.data, m.data)
		result := decodeFile(t, writeFile(t, "a.tar", tarOf(t, members)))
		rows := result.Checkpoints[0]
		if result.Archive.Status != decode.StatusPartial || !hasProblem(result, "checkpoint/pages-1.img", test.code) || rows.Processes[0].Argv.Text != nil || len(rows.Environment) != 0 {
			t.Errorf("%s: status %s, %+v", what, result.Archive.Status, problemsOf(result))
		}
		for _, p := range problemsOf(result) {
			if strings.Contains(p.Message, "make no sense") {
				t.Errorf("%s: %s", what, p.Message)
			}
		}
	}
}
