package decode_test

import (
	"archive/tar"
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/apparmor"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/cpuinfo"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/stats"
	"google.golang.org/protobuf/proto"

	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/source"
)

// FuzzDecode replaces one image of a real checkpoint by the fuzzer's bytes:
// whatever they are, decoding ends, without a panic, and says what is wrong.
func FuzzDecode(f *testing.F) {
	var members []tarMember
	for _, m := range readTar(f, own("odd-env-argv.tar")) {
		if strings.HasSuffix(m.header.Name, ".img") && !strings.Contains(m.header.Name, "tmpfs-dev-") {
			members = append(members, m)
		}
	}
	// kinds of images that checkpoint has not
	for _, m := range readTar(f, own("everything.tar.zst")) {
		for _, kind := range []string{"remap-fpath", "memfd", "ghost-file-1.img", "sk-queues", "ipcns-shm", "ipcns-sem", "ipcns-msg",
			"pipes-data", "fifo-data", "tty-info", "tty-data", "pagemap-shmem"} {
			known := slices.ContainsFunc(members, func(o tarMember) bool { return o.header.Name == m.header.Name })
			if strings.Contains(m.header.Name, "/"+kind) && !known {
				members = append(members, m)
			}
		}
	}
	for _, m := range readTar(f, own("tcp-established.tar.zst")) {
		if strings.Contains(m.header.Name, "/tcp-stream-") {
			members = append(members, m)
			break
		}
	}
	// and kinds that no archive of the test data has
	members = append(members,
		imageOf(f, "checkpoint/apparmor.img", &apparmor.ApparmorEntry{Namespaces: []*apparmor.AaNamespace{{Name: proto.String("a"),
			Policies: []*apparmor.AaPolicy{{Name: proto.String("p"), Blob: []byte{0}}}, Namespaces: []*apparmor.AaNamespace{{Name: proto.String("b")}}}}}),
		imageOf(f, "checkpoint/cpuinfo.img", &cpuinfo.CpuinfoEntry{X86Entry: []*cpuinfo.CpuinfoX86Entry{{CapabilityVer: proto.Uint32(2), Capability: make([]uint32, 19)}}}),
		imageOf(f, "stats-restore", &stats.StatsEntry{Restore: &stats.RestoreStatsEntry{}}),
	)
	synthetic, _ := syntheticMembers(f)
	for _, m := range synthetic {
		if !strings.HasSuffix(m.header.Name, "/files.img") {
			members = append(members, m)
		}
	}
	for i, m := range members {
		if len(m.data) < 32<<10 {
			f.Add(uint8(i), m.data)
		}
	}
	folder := f.TempDir()
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		damaged := slices.Clone(members)
		damaged[int(which)%len(damaged)].data = data
		path := filepath.Join(folder, t.Name()[strings.LastIndex(t.Name(), "/")+1:]+".tar")
		if err := os.WriteFile(path, tarOf(t, damaged), 0o600); err != nil {
			t.Fatal(err)
		}
		limits := decode.DefaultLimits()
		limits.MemoryBytes, limits.HashedFileBytes = 64<<20, 1<<20
		d := decode.Decoder{Limits: limits, PayloadLimit: 100}
		result, err := d.Decode(context.Background(), source.Path(path))
		if err != nil {
			t.Fatal(err)
		}
		noFault(t, "fuzzed", result)
		if len(result.Checkpoints) != 1 || len(result.Checkpoints[0].Checkpoints) != 1 {
			t.Fatalf("no checkpoint: %+v", result.Problems)
		}
	})
}

// FuzzContents does the same with images whose entries have content behind
// them, and those of plugins: what is kept is no more than there is.
func FuzzContents(f *testing.F) {
	members, _ := syntheticMembers(f)
	for _, m := range readTar(f, own("everything.tar.zst")) {
		for _, kind := range []string{"inventory", "sk-queues", "ipcns-sem", "ipcns-msg", "ipcns-shm", "pipes-data", "fifo-data", "tty-info", "tty-data"} {
			if strings.Contains(m.header.Name, "/"+kind) && len(m.data) < 32<<10 {
				members = append(members, m)
			}
		}
	}
	for i, m := range members {
		f.Add(uint8(i), m.data)
	}
	folder := f.TempDir()
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		damaged := slices.Clone(members)
		damaged[int(which)%len(damaged)].data = data
		path := filepath.Join(folder, t.Name()[strings.LastIndex(t.Name(), "/")+1:]+".tar")
		if err := os.WriteFile(path, tarOf(t, damaged), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, c := range contentsOf(decodeWithContents(t, path, 100)) {
			if c.sha256 != nil && uint64(len(c.data)) != min(c.size, 100) {
				t.Fatalf("%s has a digest, and %d of %d bytes", c.name, len(c.data), c.size)
			}
		}
	})
}

// TestHostileCounts: numbers in images that promise more than there is cost
// neither memory nor time.
func TestHostileCounts(t *testing.T) {
	members := readTar(t, own("odd-env-argv.tar"))
	huge := binary.LittleEndian.AppendUint32(nil, 0x54564319)
	huge = append(huge, members[indexOf(t, members, "files.img")].data[4:8]...)
	huge = binary.LittleEndian.AppendUint32(huge, 0xfffffff0)
	for _, c := range []struct {
		image string
		data  []byte
	}{
		{"files.img", huge},
		{"pagemap-1.img", pagemapImage(t, 1, append(pagemapEntries(t, members[indexOf(t, members, "pagemap-1.img")].data), newGeneration(0xfffffffffffff000, 1<<60), newGeneration(0, 1<<63)))},
	} {
		damaged := slices.Clone(members)
		damaged[indexOf(t, members, c.image)].data = c.data
		result := decodeFile(t, writeFile(t, "a.tar", tarOf(t, damaged)))
		if result.Archive.Status != decode.StatusPartial {
			t.Errorf("%s: status %s, problems %+v", c.image, result.Archive.Status, problemsOf(result))
		}
	}
	// a header that promises 8 EiB
	data := tarOf(t, members[:3])
	h := tar.Header{Name: "checkpoint/files.img", Size: 1 << 62, Mode: 0o600, Format: tar.FormatPAX}
	path := writeFile(t, "b.tar", append(data[:len(data)-1024], headerBytes(t, h)...))
	if result := decodeFile(t, path); result.Archive.Status == decode.StatusOK {
		t.Error("an archive with a member that is not there is ok")
	}
}

func headerBytes(t *testing.T, h tar.Header) []byte {
	t.Helper()
	path := writeFile(t, "h", nil)
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := tar.NewWriter(file).WriteHeader(&h); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// FuzzDocuments replaces a document of a container image, or of a pod, by the
// fuzzer's bytes: the checkpoint is decoded all the same.
func FuzzDocuments(f *testing.F) {
	layer := gzipOf(f, tarOf(f, slices.DeleteFunc(readTar(f, own("odd-env-argv.tar")), func(m tarMember) bool { return !strings.HasSuffix(m.header.Name, ".img") })))
	members := append(layoutOf(f, hostAnnotations, layer), dockerArchiveOf(f, layer)...)
	members = append(members, jsonMember(f, "pod.options", object{"containers": object{"a": "b"}, "annotations": object{"org.criu.checkpoint.pod.name": "p"}}),
		jsonMember(f, "pod.dump", object{"id": "1", "metadata": object{"name": "p"}}))
	members = append(members, jsonMember(f, "pod-config.json", object{"metadata": object{"name": "p"}}),
		jsonMember(f, "checkpoint-manifest.json", object{"sandboxId": "1", "containers": []object{{"name": "a", "archive": "blobs", "status": object{"created_at": 1}}}}))
	spec := anyOf(f, specType, []byte(`{"ociVersion": "1.2.0"}`))
	members = append(members, slices.DeleteFunc(taskImageOf(f, imagesOf(f, "odd-env-argv.tar"), spec, hostAnnotations), func(m tarMember) bool { return !strings.HasPrefix(m.header.Name, "blobs/") })...)
	documents := slices.DeleteFunc(slices.Clone(members), func(m tarMember) bool { return len(m.data) == 0 || !strings.Contains("{[\n", string(m.data[:1])) })
	for i, m := range documents {
		f.Add(uint8(i), m.data)
	}
	folder := f.TempDir()
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		name := documents[int(which)%len(documents)].header.Name
		damaged := slices.Clone(members)
		damaged[slices.IndexFunc(damaged, func(m tarMember) bool { return m.header.Name == name })].data = data
		path := filepath.Join(folder, t.Name()[strings.LastIndex(t.Name(), "/")+1:]+".tar")
		if err := os.WriteFile(path, tarOf(t, damaged), 0o600); err != nil {
			t.Fatal(err)
		}
		d := decode.Decoder{Limits: decode.DefaultLimits()}
		result, err := d.Decode(context.Background(), source.Path(path))
		if err != nil || len(result.Checkpoints) < 2 { // one of each form of image
			t.Fatalf("%v, %d checkpoints: %+v", err, len(result.Checkpoints), result.Problems)
		}
	})
}
