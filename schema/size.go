package schema

import (
	"reflect"
	"time"
)

// sizer says how many bytes structs of one type take.
type sizer struct {
	fixed int // of the struct
	parts []sizedPart
}

// sizedPart is a field that holds more than the struct itself.
type sizedPart struct {
	index []int
	size  func(reflect.Value) int
}

func newSizer(t reflect.Type) *sizer {
	return &sizer{fixed: int(t.Size()), parts: sizedParts(t, nil)}
}

// size returns about how many bytes a struct's fields point to, and the struct.
func (s *sizer) size(v reflect.Value) int {
	n := s.fixed
	for _, p := range s.parts {
		field := v
		for _, i := range p.index {
			field = field.Field(i)
		}
		n += p.size(field)
	}
	return n
}

// sizedParts lists the fields of a struct, and of structs in it, that hold more
// than the struct does.
func sizedParts(t reflect.Type, path []int) []sizedPart {
	var parts []sizedPart
	for i := range t.NumField() {
		index := append(append([]int(nil), path...), i)
		f := t.Field(i).Type
		if f.Kind() == reflect.Struct {
			if f != reflect.TypeFor[time.Time]() {
				parts = append(parts, sizedParts(f, index)...)
			}
			continue
		}
		if size := sizeBehind(f); size != nil {
			parts = append(parts, sizedPart{index, size})
		}
	}
	return parts
}

// sizeBehind returns a function that says how many bytes a value of a type
// holds beside itself, nil for types that hold none.
func sizeBehind(t reflect.Type) func(reflect.Value) int {
	switch t.Kind() {
	case reflect.String:
		return reflect.Value.Len
	case reflect.Pointer:
		own, behind := int(t.Elem().Size()), sizeBehind(t.Elem())
		return func(v reflect.Value) int {
			switch {
			case v.IsNil():
				return 0
			case behind == nil:
				return own
			}
			return own + behind(v.Elem())
		}
	case reflect.Slice:
		own, behind := int(t.Elem().Size()), sizeBehind(t.Elem())
		return func(v reflect.Value) int {
			n := own * v.Len()
			if behind != nil {
				for i := range v.Len() {
					n += behind(v.Index(i))
				}
			}
			return n
		}
	case reflect.Map:
		const entry = 80 // of a map of texts, without these
		return func(v reflect.Value) int {
			n := 0
			for i := v.MapRange(); i.Next(); {
				n += entry + i.Key().Len() + i.Value().Len()
			}
			return n
		}
	case reflect.Struct:
		s := newSizer(t)
		if len(s.parts) == 0 {
			return nil
		}
		return func(v reflect.Value) int { return s.size(v) - s.fixed }
	}
	return nil
}
