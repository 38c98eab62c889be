package criu

import (
	"reflect"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// form is how a struct holds a field.
type form uint8

const (
	formOther form = iota // not decoded here
	form32                // *uint32, *int32, or a pointer to an enumeration
	formZigzag32
	form64
	formZigzag64
	formBool
	formList32
	formList64
	formText
	formTexts
	formBytes
	formMessage
	formMessages
)

// place finds where the struct of a message has its fields.
func (s *shape) place(d protoreflect.MessageDescriptor) {
	if s.typ == nil {
		return
	}
	s.list = reflect.SliceOf(s.typ)
	var required uint
	for i := range s.typ.NumField() {
		goField := s.typ.Field(i)
		described := d.Fields().ByNumber(fieldNumber(goField))
		if described == nil {
			continue // protobuf's own
		}
		f := s.field(described.Number())
		f.form, f.offset = formOf(described, goField.Type), goField.Offset
		if described.Cardinality() == protoreflect.Required {
			f.required = 1 << required // from 64 on no bit: 0
			if required++; required > 64 {
				f.form = formOther
			}
		}
		s.required |= f.required
	}
}

// fieldNumber returns the number of the field that a struct field holds, 0 if it
// holds none.
func fieldNumber(f reflect.StructField) protowire.Number {
	_, tag, _ := strings.Cut(f.Tag.Get("protobuf"), ",") // kind, number, and more
	number, _, _ := strings.Cut(tag, ",")
	n, err := strconv.Atoi(number)
	if err != nil {
		return 0
	}
	return protowire.Number(n)
}

// formOf returns the form of a field.
func formOf(f protoreflect.FieldDescriptor, t reflect.Type) form {
	of := func(k reflect.Kind) bool {
		return t.Kind() == reflect.Pointer && t.Elem().Kind() == k || t.Kind() == reflect.Slice && f.IsList() && t.Elem().Kind() == k
	}
	list := func(one, many form) form {
		if f.IsList() {
			return many
		}
		return one
	}
	switch k := f.Kind(); {
	case k == protoreflect.Uint32Kind && of(reflect.Uint32), k == protoreflect.Int32Kind && of(reflect.Int32), k == protoreflect.EnumKind && of(reflect.Int32):
		return list(form32, formList32)
	case k == protoreflect.Sint32Kind && of(reflect.Int32):
		return list(formZigzag32, formOther)
	case k == protoreflect.Uint64Kind && of(reflect.Uint64), k == protoreflect.Int64Kind && of(reflect.Int64):
		return list(form64, formList64)
	case k == protoreflect.Sint64Kind && of(reflect.Int64):
		return list(formZigzag64, formOther)
	case k == protoreflect.BoolKind && of(reflect.Bool):
		return list(formBool, formOther)
	case k == protoreflect.StringKind && of(reflect.String):
		return list(formText, formTexts)
	case k == protoreflect.BytesKind && !f.IsList() && t == reflect.TypeFor[[]byte]():
		return formBytes
	case k == protoreflect.MessageKind && f.IsList() && t.Kind() == reflect.Slice && t.Elem() == reflect.PointerTo(structOf(f.Message())):
		return formMessages
	case k == protoreflect.MessageKind && !f.IsList() && t == reflect.PointerTo(structOf(f.Message())):
		return formMessage
	}
	return formOther
}
