package criu

import (
	"encoding/binary"
	"reflect"
	"strconv"

	core "github.com/checkpoint-restore/go-criu/v8/crit/images/criu-core"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Register is one register of a thread.
type Register struct {
	Set, Name string
	Role      string // as schema.Register.Role; empty for most
	Bits      uint16
	Value     uint64 // of registers up to 64 bits
	Bytes     []byte // of wider ones, as they lie in memory
}

// RegisterReader reads the registers of threads. It keeps what it learned of
// the messages: a checkpoint may have thousands of threads of a hundred
// registers each.
type RegisterReader struct {
	fields map[reflect.Type][]registerField // by message
	found  []Register
}

// registerField is what is known of a field of a register message.
type registerField struct {
	index     int // in the struct
	set, name string
	fullName  string
	bits      uint16
	message   bool
	array     *array
	names     []string // of the array's registers
}

// Registers returns all registers of a core entry of a checkpoint with that byte
// order, and the names of fields that do not have as many words as the registers
// they hold; of those the whole registers that can be are returned. The list is
// overwritten by the next call.
func (r *RegisterReader) Registers(order binary.ByteOrder, c *core.CoreEntry) (found []Register, uneven []string) {
	t := threadInfo(c)
	if t == nil {
		return nil, nil
	}
	w := registerWalk{reader: r, order: order, roles: registerRoles[architecture(c)], found: r.found[:0]}
	if regs := c.GetThreadInfo(); regs != nil && isCompat(regs) {
		w.roles = compatRoles
	}
	w.message(reflect.ValueOf(t).Elem(), "", "")
	r.found = w.found
	return w.found, w.uneven
}

// threadInfo returns the message with the thread's registers, nil if there is
// none.
func threadInfo(c *core.CoreEntry) proto.Message {
	switch {
	case c.GetThreadInfo() != nil:
		return c.GetThreadInfo()
	case c.GetTiAarch64() != nil:
		return c.GetTiAarch64()
	case c.GetTiArm() != nil:
		return c.GetTiArm()
	case c.GetTiPpc64() != nil:
		return c.GetTiPpc64()
	case c.GetTiS390() != nil:
		return c.GetTiS390()
	case c.GetTiMips() != nil:
		return c.GetTiMips()
	case c.GetTiLoongarch64() != nil:
		return c.GetTiLoongarch64()
	case c.GetTiRiscv64() != nil:
		return c.GetTiRiscv64()
	}
	return nil
}

// architecture tells the architecture by the registers that are there.
func architecture(c *core.CoreEntry) core.CoreEntryMarch {
	switch {
	case c.GetThreadInfo() != nil:
		return core.CoreEntry_X86_64
	case c.GetTiAarch64() != nil:
		return core.CoreEntry_AARCH64
	case c.GetTiArm() != nil:
		return core.CoreEntry_ARM
	case c.GetTiPpc64() != nil:
		return core.CoreEntry_PPC64
	case c.GetTiS390() != nil:
		return core.CoreEntry_S390
	case c.GetTiMips() != nil:
		return core.CoreEntry_MIPS
	case c.GetTiLoongarch64() != nil:
		return core.CoreEntry_LOONGARCH64
	case c.GetTiRiscv64() != nil:
		return core.CoreEntry_RISCV64
	}
	return core.CoreEntry_UNKNOWN
}

// registerWalk goes over the messages of one thread.
type registerWalk struct {
	reader *RegisterReader
	order  binary.ByteOrder
	roles  map[string]string
	found  []Register
	uneven []string
}

// message adds the registers of a message and those below it. tm, if set,
// takes the place of every set, parent that of the prefix of arrays without
// one of their own. Fields are read from the struct, not by protobuf's
// reflection: a run has a third of its rows from here.
func (w *registerWalk) message(m reflect.Value, tm, parent string) {
	fields := w.reader.fieldsOf(m.Type())
	for i := range fields {
		f, v := &fields[i], m.Field(fields[i].index)
		switch {
		case v.IsNil():
		case f.array != nil:
			w.array(f, wordsOf(v), tm, parent)
		case f.message:
			below := tm
			if f.name == "tmstate" {
				below = "tm"
			}
			w.message(v.Elem(), below, f.name)
		default:
			reg := Register{Set: f.set, Name: f.name, Bits: f.bits, Value: v.Elem().Uint()}
			if tm != "" {
				reg.Set = tm
			}
			w.add(reg)
		}
	}
}

func (w *registerWalk) add(reg Register) {
	if reg.Set == "general" || reg.Set == "segment" {
		reg.Role = w.roles[reg.Name]
	}
	w.found = append(w.found, reg)
}

// bitsOf returns the width of a number: only these two are used for registers.
func bitsOf(d protoreflect.FieldDescriptor) uint16 {
	if d.Kind() == protoreflect.Uint32Kind {
		return 32
	}
	return 64
}

// fieldsOf returns what is known of the fields of a message that hold
// registers.
func (r *RegisterReader) fieldsOf(t reflect.Type) []registerField {
	fields, known := r.fields[t]
	if known {
		return fields
	}
	d := reflect.Zero(reflect.PointerTo(t)).Interface().(proto.Message).ProtoReflect().Descriptor()
	for i := range t.NumField() {
		described := d.Fields().ByNumber(fieldNumber(t.Field(i)))
		if described == nil {
			continue // protobuf's own
		}
		if f, ok := registerFieldOf(described); ok {
			f.index = i
			fields = append(fields, f)
		}
	}
	if r.fields == nil {
		r.fields = map[reflect.Type][]registerField{}
	}
	r.fields[t] = fields
	return fields
}

// registerFieldOf returns what is known of a field; ok is false where it holds
// no register.
func registerFieldOf(d protoreflect.FieldDescriptor) (f registerField, ok bool) {
	of := d.Parent().Name()
	f = registerField{set: registerSets[of], name: string(d.Name()), fullName: string(d.FullName()), bits: bitsOf(d), message: d.Message() != nil}
	switch {
	case of == "user_x86_regs_entry" && segmentRegisters[d.Name()]:
		f.set = "segment"
	case of == "user_mips_fpregs_entry" && f.name[0] == 'r':
		f.name = "f" + f.name[1:]
	case d.Name() == "clear_tid_addr", d.Name() == "mode", of == "thread_info_x86" && d.Name() == "tls":
		return f, false // threads, processes and tls_descriptors have these
	}
	a, ok := registerArrays[d.FullName()]
	if !ok {
		return f, !d.IsList()
	}
	a.words = max(a.words, 1)
	f.array = &a
	for i := range a.count {
		f.names = append(f.names, a.name(i))
	}
	return f, true
}

// name returns the name of the nth register of an array.
func (a *array) name(n int) string {
	switch named := n - a.at; {
	case a.whole:
		return a.prefix
	case named >= 0 && named < len(a.names):
		return a.names[named]
	}
	return a.prefix + strconv.Itoa(a.first+n) + a.suffix
}

// wordList is the values of a repeated field: one of the two lists.
type wordList struct {
	short []uint32
	long  []uint64
}

func wordsOf(v reflect.Value) wordList {
	if short, ok := v.Addr().Interface().(*[]uint32); ok {
		return wordList{short: *short}
	}
	return wordList{long: *v.Addr().Interface().(*[]uint64)}
}

func (w wordList) len() int { return len(w.short) + len(w.long) }

func (w wordList) at(i int) uint64 {
	if w.short != nil {
		return uint64(w.short[i])
	}
	return w.long[i]
}

// array adds the registers of a repeated field.
func (w *registerWalk) array(f *registerField, list wordList, tm, parent string) {
	a := f.array
	words, count := a.words, a.count
	if a.whole {
		words, count = min(list.len(), a.count), 1
	}
	if list.len() == 0 {
		return
	}
	if list.len()%words != 0 || list.len()/words > count {
		w.uneven = append(w.uneven, f.fullName)
	}
	count = min(list.len()/words, count)
	var data []byte
	size := words * int(f.bits/8)
	wide := words > 1 || a.whole
	if wide {
		data = w.bytes(list, count, words, a.lowFirst)
	}
	for i := range count {
		reg := Register{Set: a.set, Name: f.names[i], Bits: f.bits * uint16(words)}
		if tm != "" {
			reg.Set = tm
		}
		if a.prefix == "" {
			reg.Name = parent + "_" + f.names[i] // gs_cb or gs_bc
		}
		if wide {
			reg.Bytes = data[i*size : (i+1)*size : (i+1)*size]
		} else {
			reg.Value = list.at(i)
		}
		if a.spare > 0 && i >= a.spare && reg.Value == 0 || a.whole && isZero(reg.Bytes) {
			continue
		}
		w.add(reg)
	}
}

// bytes returns the words of n registers as they lie in memory.
func (w *registerWalk) bytes(list wordList, n, words int, lowFirst bool) []byte {
	reversed := lowFirst && w.order == binary.ByteOrder(binary.BigEndian)
	width := 8
	if list.short != nil {
		width = 4
	}
	data := make([]byte, n*words*width)
	rest := data
	for i := range n * words {
		at := i
		if reversed {
			at = i/words*words + words - 1 - i%words
		}
		if list.short != nil {
			w.order.PutUint32(rest, list.short[at])
		} else {
			w.order.PutUint64(rest, list.long[at])
		}
		rest = rest[width:]
	}
	return data
}

func isZero(data []byte) bool {
	for _, b := range data {
		if b != 0 {
			return false
		}
	}
	return true
}
