package decode_test

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"path"
	"reflect"
	"slices"
	"strings"
	"testing"

	core "github.com/checkpoint-restore/go-criu/v8/crit/images/criu-core"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/fdinfo"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/inventory"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/mm"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/pstree"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/seccomp"
	diff "github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/schema"
)

// TestOldLayout rewrites real archives as CRIU wrote them before files.img and
// the common magic: an image a kind of file, and images per process for what
// core and mm hold today. The rows must be the same.
func TestOldLayout(t *testing.T) {
	for _, name := range []string{"everything.tar.zst", "nginx.tar.zst", "udp-netlink.tar.zst", "fd-kinds.tar.zst"} {
		t.Run(name, func(t *testing.T) {
			want := decodeFile(t, own(name)).Checkpoints[0]
			old := writeFile(t, "old.tar", tarOf(t, oldLayout(t, readTar(t, own(name)))))
			result := decodeFile(t, old)
			if result.Archive.Status != decode.StatusOK {
				t.Fatalf("status %s: %v, %v", result.Archive.Status, *result.Archive.Error, problemsOf(result))
			}
			got := result.Checkpoints[0]
			if !slices.ContainsFunc(got.ArchiveMembers, func(m schema.ArchiveMember) bool {
				return m.Kind == "REG_FILES" && m.Layout != nil && *m.Layout == "v1_0"
			}) {
				t.Fatal("the archive is not in the old layout")
			}
			for _, rows := range []*schema.Rows{got, want} {
				slices.SortFunc(rows.Files, func(a, b schema.File) int { return cmp.Compare(a.FileID, b.FileID) })
				slices.SortStableFunc(rows.EpollTargets, func(a, b schema.EpollTarget) int { return cmp.Compare(a.EpollFileID, b.EpollFileID) })
				for i := range rows.EpollTargets { // 0 where the target stands within the epoll
					rows.EpollTargets[i].OwnID = nil
				}
				slices.SortFunc(rows.SocketOptions, func(a, b schema.SocketOptions) int { return cmp.Compare(a.FileID, b.FileID) })
				slices.SortFunc(rows.Sockets, func(a, b schema.Socket) int { return cmp.Compare(a.FileID, b.FileID) })
			}
			// what tells of the images themselves differs, and the checkpoints with their versions and sizes
			skip := []string{"CheckpointID", "Archives", "Checkpoints", "ArchiveMembers", "ImageEntries", "Problems"}
			g, w := reflect.ValueOf(*got), reflect.ValueOf(*want)
			for i := range g.NumField() {
				table := g.Type().Field(i).Name
				if !slices.Contains(skip, table) && !reflect.DeepEqual(g.Field(i).Interface(), w.Field(i).Interface()) {
					t.Errorf("rows of %s differ (-want +got):\n%s", table, diff.Diff(w.Field(i).Interface(), g.Field(i).Interface()))
				}
			}
		})
	}
}

// oldNames maps the fields of file_entry to the images that held them.
var oldNames = map[protoreflect.Name]string{
	"reg": "reg-files", "ext": "ext-files", "nsf": "ns-files", "efd": "eventfd", "epfd": "eventpoll", "sgfd": "signalfd", "ify": "inotify", "ffy": "fanotify",
	"pipe": "pipes", "fifo": "fifo", "usk": "unixsk", "isk": "inetsk", "psk": "packetsk", "nlsk": "netlinksk", "tty": "tty", "tunf": "tunfile", "tfd": "timerfd",
}

// oldImages gathers messages into images of version 1.0.
type oldImages struct {
	t     *testing.T
	names []string
	data  map[string][]byte
}

func (o *oldImages) add(name string, m proto.Message) {
	name += ".img"
	if o.data[name] == nil {
		kind, _, ok := criu.KindOf(name)
		magic, hasMagic := kind.Magic()
		if !ok || !hasMagic {
			o.t.Fatalf("%s is no image with a magic", name)
		}
		o.names = append(o.names, name)
		o.data[name] = binary.LittleEndian.AppendUint32(nil, magic)
	}
	message, err := proto.MarshalOptions{AllowPartial: true}.Marshal(m)
	if err != nil {
		o.t.Fatal(err)
	}
	o.data[name] = append(binary.LittleEndian.AppendUint32(o.data[name], uint32(len(message))), message...)
}

func oldLayout(t *testing.T, members []tarMember) []tarMember {
	var out []tarMember
	for _, m := range members {
		dir, base := path.Split(m.header.Name)
		kind, number, ok := criu.KindOf(base)
		if dir != "checkpoint/" || !ok || kind.Raw {
			out = append(out, m)
			continue
		}
		images := &oldImages{t: t, data: map[string][]byte{}}
		switch kind.Name {
		case "INVENTORY":
			eachEntry(t, kind, m.data, &inventory.InventoryEntry{}, func(e *inventory.InventoryEntry) { e.ImgVersion = proto.Uint32(1); images.add("inventory", e) })
		case "FILES":
			eachEntry(t, kind, m.data, &fdinfo.FileEntry{}, func(e *fdinfo.FileEntry) { oldFile(images, e) })
		case "CORE":
			eachEntry(t, kind, m.data, &core.CoreEntry{}, func(e *core.CoreEntry) { oldCore(images, number, e) })
		case "MM":
			eachEntry(t, kind, m.data, &mm.MmEntry{}, func(e *mm.MmEntry) {
				for _, v := range e.Vmas {
					images.add(fmt.Sprintf("vmas-%d", number), v)
				}
				e.Vmas = nil
				images.add(strings.TrimSuffix(base, ".img"), e)
			})
		default: // the same entries, without the common magic
			images.names, images.data[base] = []string{base}, m.data[4:]
		}
		for _, name := range images.names {
			h := m.header
			h.Name, h.Size = dir+name, int64(len(images.data[name]))
			out = append(out, tarMember{header: h, data: images.data[name]})
		}
	}
	return out
}

// oldFile puts an open file into the image of its kind, and what it watches
// into images of their own.
func oldFile(images *oldImages, e *fdinfo.FileEntry) {
	for _, w := range e.GetEpfd().GetTfd() {
		w.Id = e.Id
		images.add("eventpoll-tfd", w)
	}
	for _, w := range e.GetIfy().GetWd() {
		w.Id = e.Id
		images.add("inotify-wd", w)
	}
	if e.Epfd != nil {
		e.Epfd.Tfd = nil
	}
	if e.Ify != nil {
		e.Ify.Wd = nil
	}
	e.ProtoReflect().Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if f.Message() == nil {
			return true
		}
		name, ok := oldNames[f.Name()]
		if !ok { // a kind that is younger than the old layout
			name = "files"
			images.add(name, e)
			return true
		}
		images.add(name, v.Message().Interface())
		return true
	})
}

// oldCore puts parts of a core into the images that held them.
func oldCore(images *oldImages, number uint64, e *core.CoreEntry) {
	at := func(name string) string { return fmt.Sprintf("%s-%d", name, number) }
	if tc := e.Tc; tc != nil {
		for _, a := range tc.Sigactions {
			images.add(at("sigacts"), a)
		}
		for _, l := range tc.GetRlimits().GetRlimits() {
			images.add(at("rlimit"), l)
		}
		if timers := tc.Timers; timers != nil {
			images.add(at("itimers"), timers.Real)
			images.add(at("itimers"), timers.Virt)
			images.add(at("itimers"), timers.Prof)
			for _, p := range timers.Posix {
				images.add(at("posix-timers"), p)
			}
		}
		for _, q := range tc.GetSignalsS().GetSignals() {
			images.add(at("signal-s"), q)
		}
		tc.Sigactions, tc.Rlimits, tc.Timers, tc.SignalsS = nil, nil, nil, nil
	}
	if th := e.ThreadCore; th != nil {
		if th.Creds != nil {
			images.add(at("creds"), th.Creds)
		}
		for _, q := range th.GetSignalsP().GetSignals() {
			images.add(at("signal-p"), q)
		}
		th.Creds, th.SignalsP = nil, nil
	}
	images.add(at("core"), e)
}

// TestDescriptorsByPid: images of sets before fdinfo_per_id have the descriptors of a
// process, by its pid, and not those of a table.
func TestDescriptorsByPid(t *testing.T) {
	const name = "everything.tar.zst"
	want := decodeFile(t, own(name)).Checkpoints[0]
	members := readTar(t, own(name))
	var e inventory.InventoryEntry
	stated := &members[indexOf(t, members, "inventory.img")]
	if err := proto.Unmarshal(stated.data[8:], &e); err != nil {
		t.Fatal(err)
	}
	e.FdinfoPerId = nil
	stated.data = append(slices.Clone(stated.data[:4]), entriesOf(t, &e)...)
	byPid := slices.DeleteFunc(slices.Clone(members), func(m tarMember) bool { return strings.HasPrefix(m.header.Name, "checkpoint/fdinfo-") })
	for _, p := range want.Processes {
		m := members[indexOf(t, members, fmt.Sprintf("fdinfo-%d.img", *p.FilesID))]
		m.header.Name = fmt.Sprintf("checkpoint/fdinfo-%d.img", p.PID)
		byPid = append(byPid, m)
	}
	got := decodeFile(t, writeFile(t, "a.tar", tarOf(t, byPid))).Checkpoints[0]
	for table, rows := range map[string][2]any{
		"file_descriptors": {got.FileDescriptors, want.FileDescriptors}, "files": {got.Files, want.Files}, "processes": {got.Processes, want.Processes},
		"sockets": {got.Sockets, want.Sockets}, "epoll_targets": {got.EpollTargets, want.EpollTargets}, "file_locks": {got.FileLocks, want.FileLocks},
	} {
		if difference := diff.Diff(rows[1], rows[0]); difference != "" {
			t.Errorf("rows of %s differ (-want +got):\n%s", table, difference)
		}
	}
}

// TestOldSeccomp: filters once were a process's, and stood in the core of its leader;
// they hold for its other threads too.
func TestOldSeccomp(t *testing.T) {
	var leader, other core.CoreEntry
	firstMessage(t, "core-1.img", &leader)
	firstMessage(t, "core-1.img", &other)
	for _, c := range []*core.CoreEntry{&leader, &other} {
		c.ThreadCore.SeccompMode, c.ThreadCore.SeccompFilter = nil, nil
	}
	leader.Tc.OldSeccompMode, leader.Tc.OldSeccompFilter = core.SeccompMode_filter.Enum(), proto.Uint32(0)
	other.Tc = nil
	rows := decodeWith(t, imageOf(t, "checkpoint/core-1.img", &leader), imageOf(t, "checkpoint/core-5.img", &other),
		imageOf(t, "checkpoint/pstree.img", &pstree.PstreeEntry{
			Pid: proto.Uint32(1), Ppid: proto.Uint32(0), Pgid: proto.Uint32(1), Sid: proto.Uint32(1), Threads: []uint32{1, 5}}),
		imageOf(t, "checkpoint/seccomp.img", &seccomp.SeccompEntry{SeccompFilters: []*seccomp.SeccompFilter{{Filter: []byte("\x06\x00\x00\x00\x00\x00\xff\x7f")}}}))
	for _, thread := range rows.Threads {
		equal(t, fmt.Sprint("thread ", thread.TID), fmt.Sprint(*thread.SeccompMode.Name, *thread.EffectiveSeccompMode.Name, *thread.SeccompFilter), "filterfilter0")
	}
	equal(t, "threads of the filter", fmt.Sprint(rows.SeccompFilters[0].InnermostTIDs, *rows.SeccompFilters[0].ThreadCount), "[1 5] 2")
}

// TestAbsentCapabilities: before CRIU knew of ambient capabilities it wrote nothing of
// them, which is not known, and of an empty set the words.
func TestAbsentCapabilities(t *testing.T) {
	rows := withCore(t, func(c *core.CoreEntry) { c.ThreadCore.Creds.CapAmb, c.ThreadCore.Creds.CapInh = nil, []uint32{0, 0} })
	of := rows.Credentials[0]
	equal(t, "absent", of.CapAmbient.Bits == nil && of.CapAmbient.Names == nil, true)
	equal(t, "empty", *of.CapInheritable.Bits == 0 && of.CapInheritable.Names != nil, true)
	rows = withCore(t, func(c *core.CoreEntry) { c.ThreadCore.Creds.CapEff = nil })
	equal(t, "absent of a process", rows.Processes[0].CapEffective == nil, true)
}

// eachEntry decodes the entries of an image.
func eachEntry[M proto.Message](t *testing.T, kind criu.Kind, data []byte, m M, f func(M)) {
	r, err := criu.NewReader(kind, data, false)
	if err != nil {
		t.Fatal(err)
	}
	for {
		message, err := r.Next()
		if err != nil {
			return
		}
		if err := proto.Unmarshal(message, m); err != nil {
			t.Fatal(err)
		}
		f(m)
	}
}
