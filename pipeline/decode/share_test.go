package decode_test

import (
	"archive/tar"
	"encoding/binary"
	"testing"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/fdinfo"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/regfile"
	skpacket "github.com/checkpoint-restore/go-criu/v8/crit/images/sk-packet"
	"google.golang.org/protobuf/proto"

	"github.com/ckexport/ckexport/pipeline/decode"
)

// TestShares puts a million entries into one image of a real checkpoint: what
// the other images tell is there all the same, above all the processes and what
// they were called with.
func TestShares(t *testing.T) {
	file, err := proto.MarshalOptions{AllowPartial: true}.Marshal(&fdinfo.FileEntry{Type: fdinfo.FdTypes_REG.Enum(), Id: proto.Uint32(1 << 20), Reg: &regfile.RegFileEntry{
		Id: proto.Uint32(1 << 20), Flags: proto.Uint32(0), Pos: proto.Uint64(0), Name: proto.String("/a/name/of/no/file/at/all"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	packet, err := proto.MarshalOptions{AllowPartial: true}.Marshal(&skpacket.SkPacketEntry{IdFor: proto.Uint32(1), Length: proto.Uint32(0)})
	if err != nil {
		t.Fatal(err)
	}
	for image, entry := range map[string][]byte{"files.img": file, "sk-queues.img": packet} {
		t.Run(image, func(t *testing.T) {
			members := readTar(t, "../../testdata/archives/shell-tree.tar.gz")
			whole := decodeFile(t, writeFile(t, "whole", tarOf(t, members))).Checkpoints[0]
			more := binary.LittleEndian.AppendUint32(nil, uint32(len(entry)))
			more = append(more, entry...)
			found := false
			for i := range members {
				if members[i].header.Name == "checkpoint/"+image {
					found = true
					for range 1_000_000 {
						members[i].data = append(members[i].data, more...)
					}
				}
			}
			if !found {
				data := binary.LittleEndian.AppendUint32(nil, 0x54564319)
				data = binary.LittleEndian.AppendUint32(data, 0x56264026) // SK_QUEUES_MAGIC
				for range 1_000_000 {
					data = append(data, more...)
				}
				members = append(members, tarMember{header: tar.Header{Typeflag: tar.TypeReg, Name: "checkpoint/" + image, Mode: 0o600}, data: data})
			}
			rows := decodeFile(t, writeFile(t, "many", tarOf(t, members))).Checkpoints[0]
			if len(rows.Processes) != len(whole.Processes) || len(rows.Environment) != len(whole.Environment) || len(rows.Mounts) != len(whole.Mounts) ||
				len(rows.FileDescriptors) != len(whole.FileDescriptors) {
				t.Errorf("%d processes, %d variables, %d mounts, %d descriptors", len(rows.Processes), len(rows.Environment), len(rows.Mounts), len(rows.FileDescriptors))
			}
			for _, p := range rows.Processes {
				if p.Cmdline == nil {
					t.Errorf("process %d has no command line", p.PID)
				}
			}
			limited := false
			for _, p := range rows.Problems {
				limited = limited || p.Code == decode.LimitExceeded
			}
			if !limited {
				t.Error("no problem tells of a limit")
			}
		})
	}
}
