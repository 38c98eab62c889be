package decode_test

import (
	"archive/tar"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/autofs"
	binfmt "github.com/checkpoint-restore/go-criu/v8/crit/images/binfmt-misc"
	bpfdata "github.com/checkpoint-restore/go-criu/v8/crit/images/bpfmap-data"
	bpf "github.com/checkpoint-restore/go-criu/v8/crit/images/bpfmap-file"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/fdinfo"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/fh"
	filelock "github.com/checkpoint-restore/go-criu/v8/crit/images/file-lock"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/fown"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/fsnotify"
	ipcdesc "github.com/checkpoint-restore/go-criu/v8/crit/images/ipc-desc"
	ipcshm "github.com/checkpoint-restore/go-criu/v8/crit/images/ipc-shm"
	packet "github.com/checkpoint-restore/go-criu/v8/crit/images/packet-sock"
	inet "github.com/checkpoint-restore/go-criu/v8/crit/images/sk-inet"
	skopts "github.com/checkpoint-restore/go-criu/v8/crit/images/sk-opts"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/schema"
)

func entriesOf(t testing.TB, parts ...any) []byte {
	t.Helper()
	var data []byte
	for _, p := range parts {
		switch p := p.(type) {
		case []byte:
			data = append(data, p...)
		case proto.Message:
			message, err := proto.MarshalOptions{AllowPartial: true}.Marshal(p)
			if err != nil {
				t.Fatal(err)
			}
			data = append(binary.LittleEndian.AppendUint32(data, uint32(len(message))), message...)
		}
	}
	return data
}

// numbering gives each field a number of its own, and remembers which.
type numbering struct {
	last  uint64
	given map[uint64]string
}

// numbered sets every field of a message that is not set, at any depth.
func numbered[M proto.Message](next *numbering, m M) M {
	fill(next, m.ProtoReflect())
	return m
}

func fill(next *numbering, m protoreflect.Message) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		switch {
		case f.Message() != nil && f.IsList():
			list := m.Mutable(f).List()
			for list.Len() < 2 {
				list.AppendMutable()
			}
			for i := range list.Len() {
				fill(next, list.Get(i).Message())
			}
		case f.Message() != nil:
			fill(next, m.Mutable(f).Message())
		case m.Has(f):
		case f.IsList():
			list := m.Mutable(f).List()
			for range 3 {
				list.Append(scalar(next, f))
			}
		default:
			m.Set(f, scalar(next, f))
		}
	}
}

func scalar(next *numbering, f protoreflect.FieldDescriptor) protoreflect.Value {
	next.last++
	n := next.last
	switch f.Kind() {
	case protoreflect.BoolKind, protoreflect.StringKind, protoreflect.BytesKind:
	default:
		next.given[n] = string(f.FullName())
	}
	switch f.Kind() {
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(true)
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(n))
	case protoreflect.Int32Kind, protoreflect.Sint32Kind:
		return protoreflect.ValueOfInt32(int32(n))
	case protoreflect.Int64Kind, protoreflect.Sint64Kind:
		return protoreflect.ValueOfInt64(int64(n))
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return protoreflect.ValueOfUint32(uint32(n))
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(strings.Repeat("s", int(n%50)+1))
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes([]byte{byte(n)})
	}
	return protoreflect.ValueOfUint64(n)
}

// gpuMessageOf makes a message of the amdgpu plugin, its fields numbered.
func gpuMessageOf(t testing.TB, next *numbering, name protoreflect.Name) []byte {
	t.Helper()
	file, err := criu.AMDGPU()
	if err != nil {
		t.Fatal(err)
	}
	data, err := proto.MarshalOptions{Deterministic: true}.Marshal(numbered(next, dynamicpb.NewMessage(file.Messages().ByName(name))))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Numbers of files that the synthetic images add.
const (
	mapFile, watchFile, packetFile, filterFile = 900, 901, 902, 903
)

// syntheticMembers makes the images that no real checkpoint at hand has, and
// tells which field holds which number.
func syntheticMembers(t testing.TB) ([]tarMember, map[uint64]string) {
	numbers := numbering{last: 1000, given: map[uint64]string{}}
	next := &numbers
	owner := &fown.FownEntry{}
	numbered(next, owner)
	mapOne := numbered(next, &bpf.BpfmapFileEntry{Id: proto.Uint32(mapFile), MapId: proto.Uint32(77), KeySize: proto.Uint32(4), ValueSize: proto.Uint32(2), Fown: owner})
	marks := numbered(next, &fsnotify.FanotifyFileEntry{Id: proto.Uint32(watchFile), Fown: owner, Mark: []*fsnotify.FanotifyMarkEntry{
		{Type: fsnotify.MarkType_INODE.Enum(), Ie: &fsnotify.FanotifyInodeMarkEntry{FHandle: &fh.FhEntry{Bytes: proto.Uint32(12), Handle: []uint64{0x0807060504030201, 0x0c0b0a09}}},
			Me: &fsnotify.FanotifyMountMarkEntry{}},
	}})
	sniffer := numbered(next, &packet.PacketSockEntry{Id: proto.Uint32(packetFile), Fown: owner})
	filtered := numbered(next, &inet.InetSkEntry{Id: proto.Uint32(filterFile), Fown: owner, SrcAddr: []uint32{1}, DstAddr: []uint32{2}, Opts: &skopts.SkOptsEntry{
		SoFilter: []uint64{0x0028_00_00_0000000c, 0x0015_01_02_00000800}, SoSndTmoSec: proto.Uint64(3), SoSndTmoUsec: proto.Uint64(5)}})
	gpu := gpuMessageOf(t, next, "criu_kfd")
	return []tarMember{
		imageOf(t, "checkpoint/files.img",
			&fdinfo.FileEntry{Type: fdinfo.FdTypes_BPFMAP.Enum(), Id: proto.Uint32(mapFile), Bpf: mapOne},
			&fdinfo.FileEntry{Type: fdinfo.FdTypes_FANOTIFY.Enum(), Id: proto.Uint32(watchFile), Ffy: marks},
			&fdinfo.FileEntry{Type: fdinfo.FdTypes_PACKETSK.Enum(), Id: proto.Uint32(packetFile), Psk: sniffer},
			&fdinfo.FileEntry{Type: fdinfo.FdTypes_INETSK.Enum(), Id: proto.Uint32(filterFile), Isk: filtered}),
		imageOf(t, "checkpoint/bpfmap-data.img",
			&bpfdata.BpfmapDataEntry{MapId: proto.Uint32(77), KeysBytes: proto.Uint32(12), ValuesBytes: proto.Uint32(6), Count: proto.Uint32(3)}, []byte("key1key2key3v1v2v3"),
			&bpfdata.BpfmapDataEntry{MapId: proto.Uint32(78), KeysBytes: proto.Uint32(1), ValuesBytes: proto.Uint32(1), Count: proto.Uint32(1)}, []byte("kv")),
		imageOf(t, "checkpoint/irmap-cache.img", numbered(next, &fh.IrmapCacheEntry{}), numbered(next, &fh.IrmapCacheEntry{})),
		imageOf(t, "checkpoint/autofs-45.img", numbered(next, &autofs.AutofsEntry{Mode: proto.Int32(1)})),
		imageOf(t, "checkpoint/binfmt-misc.img", numbered(next, &binfmt.BinfmtMiscEntry{})),
		imageOf(t, "checkpoint/binfmt-misc-47.img", numbered(next, &binfmt.BinfmtMiscEntry{})),
		imageOf(t, "checkpoint/filelocks.img", numbered(next, &filelock.FileLockEntry{Flag: proto.Uint32(8), Type: proto.Uint32(5)})),
		imageOf(t, "checkpoint/ipcns-shm-12.img", &ipcshm.IpcShmEntry{Desc: numbered(next, &ipcdesc.IpcDescEntry{}), Size: proto.Uint64(6)}, []byte("inline\x00\x00"),
			numbered(next, &ipcshm.IpcShmEntry{})),
		{header: tar.Header{Name: "checkpoint/amdgpu-pages-5-0a01.img"}, data: make([]byte, 5000)},
		{header: tar.Header{Name: "checkpoint/amdgpu-kfd-5.img"}, data: gpu},
		{header: tar.Header{Name: "checkpoint/amdgpu-renderD-6.img"}, data: sized(gpuMessageOf(t, next, "criu_render_node"))},
		{header: tar.Header{Name: "checkpoint/amdgpu-dmabuf_7.img"}, data: sized(gpuMessageOf(t, next, "criu_dmabuf_node"))},
	}, numbers.given
}

// sized puts the size in front, as the amdgpu plugin does since it can stream.
func sized(message []byte) []byte {
	return append(binary.LittleEndian.AppendUint64(nil, uint64(len(message))), message...)
}

// syntheticRows decodes the synthetic images beside a real inventory.
func syntheticRows(t testing.TB, members []tarMember) *schema.Rows {
	t.Helper()
	whole := readTar(t, own("odd-env-argv.tar"))
	members = append(slices.Clone(members), whole[indexOf(t, whole, "inventory.img")])
	return decodeWithContents(t, writeFile(t, "a.tar", tarOf(t, members)), 10)
}

// elsewhere lists fields whose number stands in a column in another form.
var elsewhere = map[string]string{
	"packet_sock_entry.protocol":    "in host order",
	"sk_opts_entry.so_snd_tmo_sec":  "joined in microseconds",
	"sk_opts_entry.so_snd_tmo_usec": "joined in microseconds",
	"sk_opts_entry.so_rcv_tmo_sec":  "joined in microseconds",
	"sk_opts_entry.so_rcv_tmo_usec": "joined in microseconds",
	"fh_entry.handle":               "as bytes",
	"drm_bo_entry.is_import":        "a truth value",
}

// TestSyntheticImages: of images that no real checkpoint at hand has, each
// number that was put in stands in some column.
func TestSyntheticImages(t *testing.T) {
	members, numbers := syntheticMembers(t)
	rows := syntheticRows(t, members)
	for _, m := range rows.ArchiveMembers {
		if m.Type == "file" && m.DecodeStatus != "ok" && m.Kind != "AMDGPU_PAGES" {
			t.Errorf("%s: status %s", exact(m.Path), m.DecodeStatus)
		}
	}
	if len(rows.UnknownFields) > 0 {
		t.Errorf("unknown fields: %+v", rows.UnknownFields)
	}
	tables, err := json.Marshal([]any{rows.Files, rows.BPFMaps, rows.FileWatches, rows.Sockets, rows.SocketOptions, rows.FileLocks, rows.IrmapCache,
		rows.AutofsMounts, rows.BinfmtMiscEntries, rows.IPCObjects, rows.GPUDevices, rows.GPUBuffers})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, word := range strings.FieldsFunc(string(tables), func(r rune) bool { return r < '0' || r > '9' }) {
		found[word] = true
	}
	for number, field := range numbers {
		if !found[fmt.Sprint(number)] && elsewhere[field] == "" {
			t.Errorf("%s is in no column", field)
		}
	}
}

// TestSyntheticContents looks at the columns that are more than a field.
func TestSyntheticContents(t *testing.T) {
	members, _ := syntheticMembers(t)
	rows := syntheticRows(t, members)
	m := rows.BPFMaps[0]
	if *m.FileID != mapFile || *m.EntryCount != 3 || *m.Size != 18 || *m.SHA256 != digestOf([]byte("key1key2key3v1v2v3")) || string(m.Data) != "key1key2ke" ||
		len(m.Keys) != 1 || string(m.Keys[0]) != "key1" || string(m.Values[0]) != "v1" {
		t.Errorf("map %+v", m)
	}
	if m := rows.BPFMaps[1]; m.FileID != nil || m.MapID != 78 || string(m.Data) != "kv" {
		t.Errorf("map without a file: %+v", m)
	}
	w := rows.FileWatches[0]
	if w.Kind != "fanotify" || *w.MarkType.Name != "INODE" || hex.EncodeToString(w.Handle) != "0102030405060708090a0b0c" {
		t.Errorf("watch %+v", w)
	}
	for _, o := range rows.SocketOptions {
		if o.FileID == filterFile && (o.FilterLength != 2 || !slices.Equal(o.FilterCode, []uint16{0x28, 0x15}) || !slices.Equal(o.FilterTrue, []uint16{0, 1}) ||
			!slices.Equal(o.FilterFalse, []uint16{0, 2}) || !slices.Equal(o.FilterOperand, []uint32{12, 0x800}) || *o.SendTimeoutUS != 3000005) {
			t.Errorf("options %+v", o)
		}
	}
	if l := rows.FileLocks[0]; *l.Kind.Name != "LEASE" || *l.Type.Name != "BREAKING_WRLCK" {
		t.Errorf("lock %+v", l)
	}
	if o := rows.IPCObjects[0]; *o.Size != 6 || string(o.Data) != "inline" || *o.SHA256 != digestOf([]byte("inline")) {
		t.Errorf("segment within its image: %+v", o)
	}
	if a := rows.AutofsMounts[0]; *a.Mode.Name != "indirect" || *a.Device.Minor != 45 {
		t.Errorf("autofs %+v", a)
	}
	if b := rows.BinfmtMiscEntries; len(b) != 2 || (b[0].Device.Raw == nil) == (b[1].Device.Raw == nil) {
		t.Errorf("binfmt_misc %+v", b)
	}
	kinds := map[string]int{}
	for _, d := range rows.GPUDevices {
		kinds[d.Kind]++
	}
	for _, b := range rows.GPUBuffers {
		kinds[b.Kind+" buffer"]++
	}
	if fmt.Sprint(kinds) != "map[dmabuf buffer:1 drm buffer:2 kfd:1 kfd buffer:2 kfd_node:2 render_node:1]" {
		t.Errorf("of the GPUs: %v", kinds)
	}
}

// TestTruncatedSynthetics cuts the images at each byte: at most one problem
// tells of it, and of images with their size in front always one.
func TestTruncatedSynthetics(t *testing.T) {
	members, _ := syntheticMembers(t)
	for i, m := range members {
		for cut := 0; cut < len(m.data); cut += 1 + len(m.data)/200 {
			damaged := slices.Clone(members)
			damaged[i].data = m.data[:cut]
			told := 0
			for _, p := range syntheticRows(t, damaged).Problems {
				if exact(p.Member) == m.header.Name {
					told++
				}
			}
			if told > 1 {
				t.Errorf("%s cut at %d: %d problems", m.header.Name, cut, told)
			}
			if told == 0 && (strings.Contains(m.header.Name, "renderD") || strings.Contains(m.header.Name, "dmabuf")) {
				t.Errorf("%s cut at %d: nothing is told of it", m.header.Name, cut)
			}
		}
	}
}
