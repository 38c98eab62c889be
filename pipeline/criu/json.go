package criu

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"strconv"
	"unicode/utf8"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// AppendJSON appends a message as JSON that keeps every byte of it: fields by
// their name, in the order of their numbers, absent ones left out. Bytes, and
// strings that are not valid UTF-8, are {"base64": "..."}; fields the message
// does not know stand in "unknown fields", likewise, as they were encoded. An
// enumeration is its name, or its number if it has none; 64-bit numbers are
// written in full, as JSON allows. protobuf's own JSON would fail on such
// strings, and drop unknown fields.
func AppendJSON(out []byte, m protoreflect.Message) []byte {
	out = append(out, '{')
	first := true
	key := func(name string) {
		if !first {
			out = append(out, ',')
		}
		first = false
		out = appendString(out, name)
		out = append(out, ':')
	}
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		if !m.Has(f) {
			continue
		}
		key(string(f.Name()))
		if !f.IsList() {
			out = appendValue(out, f, m.Get(f))
			continue
		}
		list := m.Get(f).List()
		out = append(out, '[')
		for j := range list.Len() {
			if j > 0 {
				out = append(out, ',')
			}
			out = appendValue(out, f, list.Get(j))
		}
		out = append(out, ']')
	}
	if unknown := m.GetUnknown(); len(unknown) > 0 {
		key("unknown fields")
		out = appendBase64(out, unknown)
	}
	return append(out, '}')
}

func appendValue(out []byte, f protoreflect.FieldDescriptor, v protoreflect.Value) []byte {
	switch f.Kind() {
	case protoreflect.MessageKind, protoreflect.GroupKind:
		return AppendJSON(out, v.Message())
	case protoreflect.BoolKind:
		return strconv.AppendBool(out, v.Bool())
	case protoreflect.StringKind:
		if s := v.String(); utf8.ValidString(s) {
			return appendString(out, s)
		}
		return appendBase64(out, []byte(v.String()))
	case protoreflect.BytesKind:
		return appendBase64(out, v.Bytes())
	case protoreflect.EnumKind:
		if e := f.Enum().Values().ByNumber(v.Enum()); e != nil {
			return appendString(out, string(e.Name()))
		}
		return strconv.AppendInt(out, int64(v.Enum()), 10)
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind,
		protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		return strconv.AppendInt(out, v.Int(), 10)
	case protoreflect.FloatKind, protoreflect.DoubleKind:
		if n := v.Float(); !math.IsNaN(n) && !math.IsInf(n, 0) {
			return strconv.AppendFloat(out, n, 'g', -1, 64)
		}
		return appendString(out, strconv.FormatFloat(v.Float(), 'g', -1, 64))
	}
	return strconv.AppendUint(out, v.Uint(), 10)
}

func appendBase64(out, data []byte) []byte {
	out = append(out, `{"base64":"`...)
	out = base64.StdEncoding.AppendEncode(out, data)
	return append(out, `"}`...)
}

func appendString(out []byte, s string) []byte {
	quoted, err := json.Marshal(s)
	if err != nil { // a string always marshals
		return append(out, `""`...)
	}
	return append(out, quoted...)
}
