package decode_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/fdinfo"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/fown"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/regfile"
	inet "github.com/checkpoint-restore/go-criu/v8/crit/images/sk-inet"
	skopts "github.com/checkpoint-restore/go-criu/v8/crit/images/sk-opts"
	"google.golang.org/protobuf/proto"

	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/schema"
)

// openFiles decodes a checkpoint whose process has so many open files more, of
// which every second is a socket. The last file is on a mount that is not there.
func openFiles(t *testing.T, n int) *schema.Rows {
	members := readTar(t, own("odd-env-argv.tar"))
	entries := func(image string) any { return members[indexOf(t, members, image)].data[8:] }
	files, descriptors := []any{entries("files.img")}, []any{entries("fdinfo-2.img")}
	none := proto.Uint32(0)
	owner := &fown.FownEntry{Uid: none, Euid: none, Signum: none, PidType: none, Pid: none}
	options := numbered(&numbering{given: map[uint64]string{}}, &skopts.SkOptsEntry{})
	for i := range uint32(n) {
		id := 1000 + i
		entry := &fdinfo.FileEntry{Id: &id}
		if i%2 == 0 {
			entry.Type = fdinfo.FdTypes_REG.Enum()
			entry.Reg = &regfile.RegFileEntry{
				Id: &id, Flags: proto.Uint32(0o2), Pos: proto.Uint64(uint64(i)), Name: proto.String(fmt.Sprintf("/srv/%d\xff", i)), Size: proto.Uint64(7), Fown: owner,
			}
			if int(i) == n-2 {
				entry.Reg.MntId = proto.Int32(4711)
			}
		} else {
			entry.Type = fdinfo.FdTypes_INETSK.Enum()
			entry.Isk = &inet.InetSkEntry{
				Id: &id, Ino: &id, Family: proto.Uint32(2), Type: proto.Uint32(1), Proto: proto.Uint32(6), State: proto.Uint32(10), SrcPort: proto.Uint32(i),
				DstPort: proto.Uint32(0), Flags: proto.Uint32(0o2), Backlog: proto.Uint32(5), SrcAddr: []uint32{1}, DstAddr: []uint32{0}, Fown: owner, Opts: options,
			}
		}
		files = append(files, entry)
		descriptors = append(descriptors, &fdinfo.FdinfoEntry{Id: &id, Fd: proto.Uint32(100 + i), Type: entry.Type, Flags: proto.Uint32(i % 2)})
	}
	return decodeWith(t, imageOf(t, "checkpoint/files.img", files...), imageOf(t, "checkpoint/fdinfo-2.img", descriptors...))
}

// allRows returns the rows of a table, also those that are made when they are
// written.
func allRows[R any](t *testing.T, rows *schema.Rows, in func(*schema.Rows) *[]R) (all []R, packed bool) {
	table, _ := schema.TableOf(reflect.TypeFor[R]())
	all = *in(rows)
	if p := rows.Packed[table.Name]; p != nil {
		for from := 0; from < p.Len(); from += 500 {
			var some schema.Rows
			p.Unpack(&some, from, min(from+500, p.Len()))
			all = append(all, *in(&some)...)
		}
	}
	if n := table.Count(rows); n != len(all) {
		t.Errorf("%s: %d rows are %d", table.Name, n, len(all))
	}
	return all, len(all) > len(*in(rows))
}

// TestManyRows: a table has the same rows whether there are few, which are kept, or
// many, which are made when they are written; and references are checked in both.
func TestManyRows(t *testing.T) {
	few, many := openFiles(t, 200), openFiles(t, 20_000)
	sameBeginning(t, few, many, func(r *schema.Rows) *[]schema.File { return &r.Files }, 90)
	sameBeginning(t, few, many, func(r *schema.Rows) *[]schema.FileDescriptor { return &r.FileDescriptors }, 90)
	sameBeginning(t, few, many, func(r *schema.Rows) *[]schema.Socket { return &r.Sockets }, 90)
	sameBeginning(t, few, many, func(r *schema.Rows) *[]schema.SocketOptions { return &r.SocketOptions }, 90)
	for _, rows := range []*schema.Rows{few, many} {
		if !slices.ContainsFunc(rows.Problems, func(p schema.Problem) bool {
			return p.Code == decode.DanglingReference && p.TableName != nil && *p.TableName == "files" && strings.Contains(p.Message, "mounts")
		}) {
			t.Error("nothing tells of the mount that is not there")
		}
	}
}

// sameBeginning checks that so many rows of a table are the same in both.
func sameBeginning[R any](t *testing.T, few, many *schema.Rows, in func(*schema.Rows) *[]R, n int) {
	t.Helper()
	want, packed := allRows(t, few, in)
	if packed {
		t.Errorf("%T: few rows are not kept", want)
	}
	got, packed := allRows(t, many, in)
	if !packed {
		t.Errorf("%T: many rows are kept", got)
	}
	if len(want) < n || len(got) < 9000 || !reflect.DeepEqual(got[:n], want[:n]) {
		t.Errorf("%T: of %d and %d rows, the first are not equal", want, len(want), len(got))
	}
}
