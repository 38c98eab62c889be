package criu_test

import (
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/cgroup"
	core "github.com/checkpoint-restore/go-criu/v8/crit/images/criu-core"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/fdinfo"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/inventory"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/mm"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/mnt"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/pstree"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/ckexport/ckexport/pipeline/criu"
)

// plenty is a budget that suffices.
const plenty = 1 << 30

// sameMessage reports whether Messages takes a message; if so it must make of
// it what protobuf's decoder makes, and what Cost tells.
func sameMessage(t *testing.T, messages *criu.Messages, of protoreflect.MessageType, data []byte) bool {
	t.Helper()
	m, want := of.New().Interface(), of.New().Interface()
	encoded := append([]byte{}, data...)
	cost, ok := messages.Decode(encoded, m, plenty)
	if !ok {
		return false
	}
	clear(encoded) // nothing of it is kept
	if err := criu.Unmarshal(data, want); err != nil {
		t.Fatalf("%s: decoded, though %v", of.Descriptor().Name(), err)
	}
	if !proto.Equal(m, want) {
		t.Fatalf("%s: decoded as\n%v\nand not\n%v", of.Descriptor().Name(), m, want)
	}
	if told, unknown := messages.Shapes.Cost(of.Descriptor(), data); told != cost || unknown {
		t.Fatalf("%s: took %d; Cost says %d, unknown fields %v", of.Descriptor().Name(), cost, told, unknown)
	}
	if _, ok := messages.Decode(data, of.New().Interface(), cost); !ok {
		t.Fatalf("%s: its cost of %d does not suffice", of.Descriptor().Name(), cost)
	}
	if _, ok := messages.Decode(data, of.New().Interface(), cost-1); ok {
		t.Fatalf("%s: decoded for less than its cost of %d", of.Descriptor().Name(), cost)
	}
	return true
}

// TestMessagesOfEveryType: every field of every message of CRIU is decoded as
// protobuf's decoder does.
func TestMessagesOfEveryType(t *testing.T) {
	messages := &criu.Messages{Shapes: &criu.Shapes{}}
	types := 0
	protoregistry.GlobalTypes.RangeMessages(func(of protoreflect.MessageType) bool {
		if strings.HasPrefix(string(of.Descriptor().FullName()), "google.") {
			return true
		}
		types++
		for _, number := range []uint64{0, 1, 300, math.MaxUint64} {
			m, rare := of.New(), false
			fillMessage(m, number, 0, &rare)
			data, err := proto.MarshalOptions{AllowPartial: true}.Marshal(m.Interface())
			if err != nil {
				t.Fatal(err)
			}
			if !sameMessage(t, messages, of, data) && !rare {
				t.Errorf("%s was not decoded", of.Descriptor().Name())
			}
			for _, wrong := range [][]byte{{0xff, 0xff, 0x7f, 1}, {8}, {0}, {0x0b, 0x0c}, protowire.AppendTag(nil, 1, protowire.Fixed32Type)} {
				if _, ok := messages.Decode(append(data[:len(data):len(data)], wrong...), of.New().Interface(), plenty); ok {
					t.Errorf("%s was decoded with %x behind it", of.Descriptor().Name(), wrong)
				}
			}
		}
		return true
	})
	if types < 100 {
		t.Errorf("only %d types", types)
	}
}

// fillMessage sets every field of a message, lists to three elements; rare
// tells of kinds of values that Messages leaves to protobuf.
func fillMessage(m protoreflect.Message, number uint64, depth int, rare *bool) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		if f.Message() != nil && depth > 4 {
			continue // some contain themselves
		}
		var list protoreflect.List
		if f.IsList() {
			list = m.Mutable(f).List()
		}
		value := func() protoreflect.Value {
			switch f.Kind() {
			case protoreflect.BoolKind:
				return protoreflect.ValueOfBool(number != 0)
			case protoreflect.EnumKind:
				return protoreflect.ValueOfEnum(protoreflect.EnumNumber(number))
			case protoreflect.Int32Kind, protoreflect.Sint32Kind:
				return protoreflect.ValueOfInt32(int32(number))
			case protoreflect.Int64Kind, protoreflect.Sint64Kind:
				return protoreflect.ValueOfInt64(int64(number))
			case protoreflect.Uint32Kind:
				return protoreflect.ValueOfUint32(uint32(number))
			case protoreflect.Uint64Kind:
				return protoreflect.ValueOfUint64(number)
			case protoreflect.Fixed64Kind:
				*rare = true
				return protoreflect.ValueOfUint64(number)
			case protoreflect.StringKind:
				return protoreflect.ValueOfString(strings.Repeat("x\xff", int(min(number, 300))))
			case protoreflect.BytesKind:
				return protoreflect.ValueOfBytes(make([]byte, min(number, 300)))
			}
			*rare = true
			return f.Default()
		}
		switch {
		case f.Message() != nil && list == nil:
			fillMessage(m.Mutable(f).Message(), number, depth+1, rare)
		case f.Message() != nil:
			for range 3 {
				fillMessage(list.AppendMutable().Message(), number, depth+1, rare)
			}
		case list != nil:
			for range 3 {
				list.Append(value())
			}
		default:
			m.Set(f, value())
		}
	}
}

// fuzzedTypes are those of the images with the most entries.
var fuzzedTypes = []struct {
	image string
	of    proto.Message
}{
	{"core-1.img", &core.CoreEntry{}}, {"mm-1.img", &mm.MmEntry{}}, {"files.img", &fdinfo.FileEntry{}}, {"mountpoints-13.img", &mnt.MntEntry{}},
	{"cgroup.img", &cgroup.CgroupEntry{}}, {"pstree.img", &pstree.PstreeEntry{}}, {"inventory.img", &inventory.InventoryEntry{}},
}

// FuzzMessages: what Messages takes, protobuf's decoder takes too, and makes
// the same of it.
func FuzzMessages(f *testing.F) {
	messages := &criu.Messages{Shapes: &criu.Shapes{}}
	images := realImages(f, "memhash-shm.tar")
	for i, kind := range fuzzedTypes {
		r, err := criu.NewReader(kindOf(f, kind.image), images[kind.image], false)
		if err != nil {
			f.Fatal(kind.image, err)
		}
		for {
			data, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				f.Fatal(err)
			}
			if _, ok := messages.Decode(data, kind.of.ProtoReflect().New().Interface(), plenty); !ok {
				f.Errorf("entry %d of %s was not decoded", r.Entries-1, kind.image)
			}
			f.Add(uint8(i), data)
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		sameMessage(t, messages, fuzzedTypes[int(which)%len(fuzzedTypes)].of.ProtoReflect().Type(), data)
	})
}
