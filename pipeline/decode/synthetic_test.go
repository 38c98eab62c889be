package decode_test

import (
	"archive/tar"
	"encoding/binary"
	"path"
	"slices"
	"testing"

	core "github.com/checkpoint-restore/go-criu/v8/crit/images/criu-core"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/mm"
	"google.golang.org/protobuf/proto"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/schema"
)

// imageOf makes an image as CRIU names and frames it, of messages and of bytes
// that stand behind them.
func imageOf(t testing.TB, name string, parts ...any) tarMember {
	t.Helper()
	kind, _, ok := criu.KindOf(path.Base(name))
	magic, known := kind.Magic()
	if !ok || !known {
		t.Fatalf("no kind, or no magic, of %s", name)
	}
	head := uint32(0x54564319)
	if kind.Name == "STATS" || kind.Name == "IRMAP_CACHE" {
		head = 0x55105940
	}
	data := binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, head), magic)
	return tarMember{header: tar.Header{Name: name, Mode: 0o600, Typeflag: tar.TypeReg}, data: append(data, entriesOf(t, parts...)...)}
}

// decodeWith decodes a real checkpoint of one process with images added, or in
// the place of its own.
func decodeWith(t *testing.T, images ...tarMember) *schema.Rows {
	t.Helper()
	members := readTar(t, own("odd-env-argv.tar"))
	for _, img := range images {
		if i := slices.IndexFunc(members, func(m tarMember) bool { return m.header.Name == img.header.Name }); i >= 0 {
			members[i] = img
		} else {
			members = append(members, img)
		}
	}
	result := decodeFile(t, writeFile(t, "a.tar", tarOf(t, members)))
	if len(result.Checkpoints) != 1 {
		t.Fatalf("%d checkpoints", len(result.Checkpoints))
	}
	return result.Checkpoints[0]
}

// firstMessage decodes the first entry of an image of that checkpoint.
func firstMessage(t *testing.T, name string, m proto.Message) {
	t.Helper()
	members := readTar(t, own("odd-env-argv.tar"))
	kind, _, _ := criu.KindOf(name)
	r, err := criu.NewReader(kind, members[indexOf(t, members, name)].data, false)
	if err != nil {
		t.Fatal(err)
	}
	data, err := r.Next()
	if err != nil {
		t.Fatal(err)
	}
	if err := criu.Unmarshal(data, m); err != nil {
		t.Fatal(err)
	}
}

// withCore decodes the checkpoint with its core image changed.
func withCore(t *testing.T, change func(*core.CoreEntry)) *schema.Rows {
	t.Helper()
	var c core.CoreEntry
	firstMessage(t, "core-1.img", &c)
	change(&c)
	return decodeWith(t, imageOf(t, "checkpoint/core-1.img", &c))
}

// withSpace does the same with its memory image.
func withSpace(t *testing.T, change func(*mm.MmEntry)) *schema.Rows {
	t.Helper()
	var m mm.MmEntry
	firstMessage(t, "mm-1.img", &m)
	change(&m)
	return decodeWith(t, imageOf(t, "checkpoint/mm-1.img", &m))
}

func tableHasProblem(rows *schema.Rows, table, code string) bool {
	return slices.ContainsFunc(rows.Problems, func(p schema.Problem) bool { return p.TableName != nil && *p.TableName == table && p.Code == code })
}
