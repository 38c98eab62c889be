package decode_test

import (
	"encoding/binary"
	"os"
	"path"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/schema"
)

// unseen lists fields whose value a real image hides from every column, and
// why. Fields of messages that no archive of the test data has are not asked
// for here; the synthetic tests set those.
var unseen = map[string]string{
	"pagemap_entry.compat_nr_pages":         "counts only where nr_pages is absent: pagemaps_test.go",
	"task_core_entry.cg_set":                "counts only where the thread has none: old images",
	"task_core_entry.old_seccomp_mode":      "counts only where the thread has none: old images",
	"task_core_entry.old_seccomp_filter":    "counts only where the thread has none: old images",
	"thread_core_entry.blk_sigset_extended": "of a leader that of the process counts",
	"mnt_entry.fsname":                      "counts only for file systems without a number of their own",
	"user_x86_xsave_entry.bndreg_state":     "one word is not a register; registersets_test.go sets whole ones",
}

// TestEveryFieldComesOut changes one field at a time in images of real
// archives, and demands that a column which claims the field changes with it:
// no column claims a field that it does not show.
func TestEveryFieldComesOut(t *testing.T) {
	done := map[string]bool{}
	for _, name := range []string{"nonroot-userns-caps.tar.zst", "tcp-established.tar.zst", "udp-netlink.tar.zst", "checkpoint-web-fleet-node-1_shop-app-2026-11-23T14-50-52Z.tar", "ghost-files.tar", "everything.tar.zst"} {
		members := readTar(t, own(name))
		before := columnValues(decodeFile(t, own(name)).Checkpoints)
		file := writeFile(t, "a.tar", nil)
		for i, m := range members {
			kind, _, ok := criu.KindOf(path.Base(m.header.Name))
			if !ok || kind.Raw || kind.Name == "GHOST_FILE" {
				continue
			}
			for _, change := range changesOf(t, kind, m.data, done) {
				changed := slices.Clone(members)
				changed[i].data = change.image
				changed[i].header.Size = int64(len(change.image))
				if err := os.WriteFile(file, tarOf(t, changed), 0o600); err != nil {
					t.Fatal(err)
				}
				after := columnValues(decodeFile(t, file).Checkpoints)
				if !anyClaimDiffers(change.field, before, after) {
					t.Errorf("%s: %s: %s changed, and no column that claims it did", name, m.header.Name, change.field)
				}
			}
		}
	}
	if len(done) < 300 {
		t.Errorf("only %d fields were changed", len(done))
	}
	t.Logf("%d fields", len(done))
}

// fieldChange is an image in which one field has another value.
type fieldChange struct {
	field string // message.field
	image []byte
}

// changesOf changes each field of an image's messages that is not done yet.
func changesOf(t *testing.T, kind criu.Kind, data []byte, done map[string]bool) []fieldChange {
	r, err := criu.NewReader(kind, data, false)
	if err != nil {
		t.Fatal(err)
	}
	var changes []fieldChange
	for {
		start := r.Offset()
		message, err := r.Next()
		if err != nil {
			return changes
		}
		descriptor := messageOf(kind, r.Entries-1)
		if descriptor == nil {
			return changes
		}
		end := r.Offset()
		for {
			m := descriptor.New().Interface()
			if err := proto.Unmarshal(message, m); err != nil {
				return changes // payload of the entry before
			}
			field := changeOne(m.ProtoReflect(), done)
			if field == "" {
				break
			}
			encoded, err := proto.MarshalOptions{AllowPartial: true}.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			image := slices.Clone(data[:start])
			image = binary.LittleEndian.AppendUint32(image, uint32(len(encoded)))
			image = append(append(image, encoded...), data[end:]...)
			changes = append(changes, fieldChange{field, image})
		}
		if !isPlainArray(kind) {
			return changes // payload stands behind the entry, or there is one entry
		}
	}
}

// messageOf returns the type of an entry of the kinds whose fields are changed.
func messageOf(kind criu.Kind, entry int) protoreflect.MessageType {
	names := map[string]string{
		"INVENTORY": "inventory_entry", "PSTREE": "pstree_entry", "FILES": "file_entry", "CORE": "core_entry", "IDS": "task_kobj_ids_entry", "MM": "mm_entry",
		"FS": "fs_entry", "FDINFO": "fdinfo_entry", "UTSNS": "utsns_entry", "MNTS": "mnt_entry", "TIMENS": "timens_entry", "USERNS": "userns_entry",
		"CGROUP": "cgroup_entry", "SECCOMP": "seccomp_entry", "REMAP_FPATH": "remap_file_path_entry", "MEMFD_INODE": "memfd_inode_entry", "TTY_INFO": "tty_info_entry",
		"STATS": "stats_entry", "PAGEMAP": "pagemap_entry", "TCP_STREAM": "tcp_stream_entry", "IPC_VAR": "ipc_var_entry", "NETNS": "netns_entry", "FILE_LOCKS": "file_lock_entry",
	}
	name := names[kind.Name]
	if kind.Name == "PAGEMAP" && entry == 0 {
		name = "pagemap_head"
	}
	m, err := protoregistry.GlobalTypes.FindMessageByName(protoreflect.FullName(name))
	if err != nil {
		return nil
	}
	return m
}

// isPlainArray reports whether an image is entries alone.
func isPlainArray(kind criu.Kind) bool {
	return slices.Contains([]string{"PSTREE", "FILES", "FDINFO", "MNTS", "REMAP_FPATH", "MEMFD_INODE", "TTY_INFO", "PAGEMAP", "FILE_LOCKS"}, kind.Name)
}

// changeOne changes the first field at any depth that is not done, and returns
// its name; empty if all are.
func changeOne(m protoreflect.Message, done map[string]bool) string {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		name := string(m.Descriptor().Name()) + "." + string(f.Name())
		switch {
		case f.Message() != nil && f.IsList():
			for j := range m.Get(f).List().Len() {
				if found := changeOne(m.Get(f).List().Get(j).Message(), done); found != "" {
					return found
				}
			}
		case f.Message() != nil:
			if m.Has(f) {
				if found := changeOne(m.Mutable(f).Message(), done); found != "" {
					return found
				}
			}
		case !done[name] && leftOut[name] == "" && unseen[name] == "":
			done[name] = true
			if f.IsList() {
				list := m.Mutable(f).List()
				if list.Len() == 0 {
					list.Append(otherValue(f, list.NewElement()))
				} else {
					list.Set(0, otherValue(f, list.Get(0)))
				}
			} else {
				m.Set(f, otherValue(f, m.Get(f)))
			}
			return name
		}
	}
	return ""
}

// otherValue returns a value that differs from the one there is.
func otherValue(f protoreflect.FieldDescriptor, v protoreflect.Value) protoreflect.Value {
	switch f.Kind() {
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(!v.Bool())
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(v.String() + "x")
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes(append(slices.Clone(v.Bytes()), "xxxxxxxx"...))
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(v.Enum() + 1)
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return protoreflect.ValueOfInt32(int32(v.Int()) + 1)
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		return protoreflect.ValueOfInt64(v.Int() + 1)
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return protoreflect.ValueOfUint32(uint32(v.Uint()) ^ 1)
	}
	return protoreflect.ValueOfUint64(v.Uint() ^ 1)
}

// columnValues returns the values of every column that claims a field, by the
// claim.
func columnValues(checkpoints []*schema.Rows) map[string]arrow.Array {
	values := map[string]arrow.Array{}
	for _, t := range schema.Tables() {
		b := t.NewBuilder()
		for _, rows := range checkpoints {
			b.Append(rows)
		}
		batch := b.NewBatch()
		for i, c := range t.Columns {
			if c.Source != "" {
				values[t.Name+"."+c.Name] = batch.Column(i)
			}
		}
	}
	return values
}

// anyClaimDiffers reports whether a column that claims the field has other
// values than before.
func anyClaimDiffers(field string, before, after map[string]arrow.Array) bool {
	for _, t := range schema.Tables() {
		for _, c := range t.Columns {
			key := t.Name + "." + c.Name
			if claims(c, field) && !array.Equal(before[key], after[key]) {
				return true
			}
		}
	}
	return false
}
