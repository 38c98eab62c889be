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
	size   heapFunc
}

// heapFunc says how many bytes the value at an address has on the heap, beside
// itself.
type heapFunc func(value unsafe.Pointer) int

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
		if size := heapSize(f.Type); size != nil {
			parts = append(parts, sizedPart{offset + f.Offset, size})
		}
	}
	return parts
}

// heapSize returns a function that says how many bytes a value of a type has on
// the heap, nil for types that have none there.
func heapSize(t reflect.Type) heapFunc {
	if t == reflect.TypeFor[map[string]string]() { // no other map is a column
		return sizeOfMap
	}
	switch t.Kind() {
	case reflect.String:
		return func(value unsafe.Pointer) int { return len(*(*string)(value)) }
	case reflect.Pointer:
		return sizeOfPointer(int(t.Elem().Size()), heapSize(t.Elem()))
	case reflect.Slice:
		return sizeOfSlice(t.Elem().Size(), heapSize(t.Elem()))
	case reflect.Struct:
		s := newSizer(t)
		if len(s.parts) == 0 {
			return nil
		}
		return func(value unsafe.Pointer) int { return s.size(value) - s.fixed }
	}
	return nil
}

func sizeOfMap(value unsafe.Pointer) int {
	const entry = 80 // of a map of texts, without these
	n := 0
	for key, v := range *(*map[string]string)(value) {
		n += entry + len(key) + len(v)
	}
	return n
}

func sizeOfPointer(own int, elem heapFunc) heapFunc {
	return func(value unsafe.Pointer) int {
		p := *(*unsafe.Pointer)(value)
		switch {
		case p == nil:
			return 0
		case elem == nil:
			return own
		}
		return own + elem(p)
	}
}

func sizeOfSlice(own uintptr, elem heapFunc) heapFunc {
	return func(value unsafe.Pointer) int {
		list := *(*[]struct{})(value) // whatever its elements are
		n := int(own) * len(list)
		if elem != nil {
			for i := range list {
				n += elem(unsafe.Add(unsafe.Pointer(unsafe.SliceData(list)), uintptr(i)*own))
			}
		}
		return n
	}
}
