package criu

import (
	"encoding/base64"
	"encoding/json"
	"testing"

	core "github.com/checkpoint-restore/go-criu/v8/crit/images/criu-core"
	"google.golang.org/protobuf/proto"
)

// TestAppendJSON checks that JSON keeps what protobuf's own would lose: strings
// that are no text, fields that are not known, numbers of 64 bits.
func TestAppendJSON(t *testing.T) {
	m := &core.CoreEntry{
		Mtype: core.CoreEntry_X86_64.Enum(),
		Tc:    &core.TaskCoreEntry{Comm: proto.String("a\xff\"b"), BlkSigset: proto.Uint64(1<<64 - 1), TaskState: proto.Uint32(1)},
		ThreadCore: &core.ThreadCoreEntry{
			SchedNice: proto.Int32(-20), Comm: proto.String("é\n"), SeccompMode: core.SeccompMode(9).Enum(),
		},
	}
	unknown := []byte{0xfa, 0x07, 0x02, 0xff, 0x00} // field 127, bytes
	m.ProtoReflect().SetUnknown(unknown)
	got := AppendJSON(nil, m.ProtoReflect())
	want := `{"mtype":"X86_64","tc":{"task_state":1,"blk_sigset":18446744073709551615,"comm":{"base64":"` + base64.StdEncoding.EncodeToString([]byte("a\xff\"b")) +
		`"}},"thread_core":{"sched_nice":-20,"seccomp_mode":9,"comm":"é\n"},"unknown fields":{"base64":"` + base64.StdEncoding.EncodeToString(unknown) + `"}}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if !json.Valid(got) {
		t.Error("not valid JSON")
	}
}
