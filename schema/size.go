package schema

import (
	"reflect"
	"time"
	"unsafe"
)

// sizer says how many bytes structs of one type take. It reads them by their
// addresses: every row is measured.
type sizer struct {
	fixed int // of the struct
	parts []sizedPart
}

// sizedPart is a field that holds more than the struct itself.
type sizedPart struct {
	offset uintptr // in the struct
	size   behindFunc
}

// behindFunc says how many bytes the value at an address holds beside itself.
type behindFunc func(value unsafe.Pointer) int

func newSizer(t reflect.Type) *sizer {
	return &sizer{fixed: int(t.Size()), parts: sizedParts(t, 0)}
}

// size returns about how many bytes a struct's fields point to, and the struct.
func (s *sizer) size(row unsafe.Pointer) int {
	n := s.fixed
	for _, p := range s.parts {
		n += p.size(unsafe.Add(row, p.offset))
	}
	return n
}

// sizedParts lists the fields of a struct, and of structs in it, that hold more
// than the struct does.
func sizedParts(t reflect.Type, offset uintptr) []sizedPart {
	var parts []sizedPart
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Type.Kind() == reflect.Struct {
			if f.Type != reflect.TypeFor[time.Time]() {
				parts = append(parts, sizedParts(f.Type, offset+f.Offset)...)
			}
			continue
		}
		if size := sizeBehind(f.Type); size != nil {
			parts = append(parts, sizedPart{offset + f.Offset, size})
		}
	}
	return parts
}

// sizeBehind returns a function that says how many bytes a value of a type
// holds beside itself, nil for types that hold none.
func sizeBehind(t reflect.Type) behindFunc {
	switch t.Kind() {
	case reflect.String:
		return func(value unsafe.Pointer) int { return len(*(*string)(value)) }
	case reflect.Pointer:
		return sizeOfPointer(int(t.Elem().Size()), sizeBehind(t.Elem()))
	case reflect.Slice:
		return sizeOfSlice(t.Elem().Size(), sizeBehind(t.Elem()))
	case reflect.Map:
		const entry = 80 // of a map of texts, without these
		return func(value unsafe.Pointer) int {
			n := 0
			for key, v := range *(*map[string]string)(value) { // the only kind there is (column.go)
				n += entry + len(key) + len(v)
			}
			return n
		}
	case reflect.Struct:
		s := newSizer(t)
		if len(s.parts) == 0 {
			return nil
		}
		return func(value unsafe.Pointer) int { return s.size(value) - s.fixed }
	}
	return nil
}

func sizeOfPointer(own int, behind behindFunc) behindFunc {
	return func(value unsafe.Pointer) int {
		p := *(*unsafe.Pointer)(value)
		switch {
		case p == nil:
			return 0
		case behind == nil:
			return own
		}
		return own + behind(p)
	}
}

func sizeOfSlice(own uintptr, behind behindFunc) behindFunc {
	return func(value unsafe.Pointer) int {
		list := *(*[]struct{})(value) // whatever its elements are
		n := int(own) * len(list)
		if behind != nil {
			for i := range list {
				n += behind(unsafe.Add(unsafe.Pointer(unsafe.SliceData(list)), uintptr(i)*own))
			}
		}
		return n
	}
}
