package decode_test

import (
	"encoding/binary"
	"math/rand/v2"
	"path"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/layout"
)

// encrypted returns the members of an archive with images as CRIU encrypts them:
// their magics stay, the entries behind them and raw contents do not.
func encrypted(t testing.TB, name string) []tarMember {
	t.Helper()
	random := rand.NewChaCha8([32]byte{1})
	key := binary.LittleEndian.AppendUint32(nil, 0x54564319)
	key = binary.LittleEndian.AppendUint32(key, 0x33043324)
	token := protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), make([]byte, 256))
	members := []tarMember{member("checkpoint/cipher.img", append(binary.LittleEndian.AppendUint32(key, uint32(len(token))), token...))}
	for _, m := range readTar(t, own(name)) {
		switch is := layout.Classify(layout.Entry{Name: strings.TrimPrefix(m.header.Name, "./")}); is.Role {
		case layout.Image:
			data := append([]byte{}, m.data[:8]...)
			for at := 8; at+4 <= len(m.data); {
				size := int(binary.LittleEndian.Uint32(m.data[at:]))
				entry := make([]byte, size+28) // nonce and tag
				random.Read(entry)             //nolint:errcheck // it never fails
				data = append(binary.LittleEndian.AppendUint32(data, uint32(len(entry))), entry...)
				at += 4 + size
			}
			m.data = data
		case layout.Pages, layout.Tmpfs, layout.GhostFile:
			m.data = make([]byte, len(m.data))
			random.Read(m.data) //nolint:errcheck // it never fails
		}
		members = append(members, m)
	}
	return members
}

// TestEncryptedImages: encrypted images are told once, and are neither damaged nor
// decoded; what stands beside them is.
func TestEncryptedImages(t *testing.T) {
	members := encrypted(t, "odd-env-argv.tar")
	for variant, members := range map[string][]tarMember{"in order": members, "reversed": reversed(members)} {
		result := decodeFile(t, writeFile(t, "a.tar", tarOf(t, members)))
		if p := problemsOf(result); result.Archive.Status != decode.StatusPartial || len(p) != 1 || p[0].Code != decode.Encrypted || p[0].Severity != decode.Error {
			t.Errorf("%s: status %s, %+v", variant, result.Archive.Status, p)
		}
		rows := result.Checkpoints[0]
		if len(rows.Processes) != 0 || len(rows.ContainerSpecs) != 1 {
			t.Errorf("%s: %d processes, %d specifications", variant, len(rows.Processes), len(rows.ContainerSpecs))
		}
		for _, m := range rows.ArchiveMembers {
			if name := exact(m.Path); path.Ext(name) == ".img" && path.Base(name) != "cipher.img" && m.Kind != "PAGES" && m.DecodeStatus != decode.Encrypted {
				t.Errorf("%s: %s is %s", variant, name, m.DecodeStatus)
			}
		}
	}
}

// TestCipherAlone: who adds cipher.img to a set hides nothing of it but pages.
func TestCipherAlone(t *testing.T) {
	members := append(readTar(t, own("odd-env-argv.tar")), member("checkpoint/cipher.img", nil))
	result := decodeFile(t, writeFile(t, "a.tar", tarOf(t, members)))
	want := decodeFile(t, own("odd-env-argv.tar")).Checkpoints[0]
	rows := result.Checkpoints[0]
	if !hasProblem(result, "checkpoint/cipher.img", decode.Encrypted) || len(rows.Processes) != len(want.Processes) || rows.Processes[0].Argv.Text != nil {
		t.Errorf("%d processes, %+v", len(rows.Processes), problemsOf(result))
	}
}
