package decode_test

import (
	"context"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/checkpoint-restore/go-criu/v8/crit"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/schema"
)

// misread are the images that go-criu's decoder gets wrong: it rounds payloads
// of IPC images up too far, and loses content of deleted files and TCP queues.
var misread = []string{"ipcns-sem-", "ipcns-msg-", "ipcns-shm-", "ghost-file-", "tcp-stream-"}

// TestSecondDecoder compares every message of real images, as --raw keeps it,
// with what go-criu's own decoder finds there.
func TestSecondDecoder(t *testing.T) {
	compared := 0
	for _, name := range []string{"everything.tar.zst", "nginx.tar.zst", "udp-netlink.tar.zst", "odd-env-argv.tar", "p5-everything.tar.gz", "sleep-final.tar.zst"} {
		folder := unpack(t, readTar(t, own(name)))
		d := decode.Decoder{Limits: decode.DefaultLimits(), Raw: true}
		result, err := d.Decode(context.Background(), source.Path(own(name)))
		if err != nil {
			t.Fatal(err)
		}
		entries := map[string][]schema.ImageEntry{}
		for _, e := range result.Checkpoints[0].ImageEntries {
			entries[e.Member] = append(entries[e.Member], e)
		}
		for member, ours := range entries {
			if !isMisread(path.Base(member)) {
				compared += sameMessages(t, filepath.Join(folder, member), ours)
			}
		}
	}
	if compared < 1000 {
		t.Errorf("only %d messages compared", compared)
	}
}

func isMisread(name string) bool {
	for _, prefix := range misread {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// sameMessages compares the messages of one image and returns how many.
func sameMessages(t *testing.T, file string, ours []schema.ImageEntry) int {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	kind, err := protoregistry.GlobalTypes.FindMessageByName(protoreflect.FullName(ours[len(ours)-1].Message))
	if err != nil {
		t.Fatal(err)
	}
	image, err := crit.New(f, nil, "", false, true).Decode(kind.New().Interface())
	if err != nil {
		t.Errorf("%s: go-criu: %v", file, err)
		return 0
	}
	if len(image.Entries) != len(ours) {
		t.Errorf("%s: %d messages, go-criu finds %d", file, len(ours), len(image.Entries))
		return 0
	}
	for i, e := range image.Entries {
		if theirs := string(criu.AppendJSON(nil, e.Message.ProtoReflect())); theirs != ours[i].EntryJSON {
			t.Errorf("%s: entry %d:\n%s\ngo-criu:\n%s", file, i, ours[i].EntryJSON, theirs)
		}
	}
	return len(ours)
}
