package decode

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/schema"
)

// What rows are made with: columns of values as images and metadata have them.

func ptr[T any](v T) *T { return &v }

// orZero returns the value that a pointer leads to, the zero value of nil. It is for
// where the zero value is no lie: elements of lists, which have no NULL and whose
// problem has been noted, and comparisons.
func orZero[T any](v *T) T {
	if v == nil {
		return *new(T)
	}
	return *v
}

// notNil returns an empty list for nil: there is a list, and it is empty.
func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// sortedUnique sorts a list, and leaves out what is in it again.
func sortedUnique[T cmp.Ordered](list []T) []T {
	slices.Sort(list)
	return slices.Compact(list)
}

// text makes a text column of bytes that are nearly always text.
func text(s string) schema.Text { return textOf(&s) }

// textOf is text of a string that stays as it is.
func textOf(s *string) schema.Text {
	if isExact(*s) {
		return schema.Text{Text: s}
	}
	escaped := escape(*s)
	return schema.Text{Text: &escaped, Raw: []byte(*s)}
}

// bytesOf returns the exact bytes of a text.
func bytesOf(t schema.Text) string {
	if t.Raw != nil {
		return string(t.Raw)
	}
	if t.Text == nil {
		return ""
	}
	return *t.Text
}

// optionalText is text of a string that may be absent.
func optionalText(s *string) schema.Text {
	if s == nil {
		return schema.Text{}
	}
	return text(*s)
}

// nonEmptyText is text of a string where the empty one means absent.
func nonEmptyText(s string) schema.Text {
	if s == "" {
		return schema.Text{}
	}
	return text(s)
}

// textList makes a list column of byte strings; nil stays NULL.
func textList(list []string) schema.TextList {
	if list == nil {
		return schema.TextList{}
	}
	t := schema.TextList{Text: make([]string, len(list))}
	exact := true
	for i, s := range list {
		if t.Text[i] = s; !isExact(s) {
			t.Text[i], exact = escape(s), false
		}
	}
	if !exact {
		for _, s := range list {
			t.Raw = append(t.Raw, []byte(s))
		}
	}
	return t
}

// isExact reports whether a text column can hold the bytes as they are.
func isExact(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

// escape writes bytes that are no text as text: bad bytes and control
// characters as \xNN, a backslash as two.
func escape(s string) string {
	const hex = "0123456789abcdef"
	size := len(s) + 8
	for i := range len(s) {
		if s[i] < 0x20 {
			size += len(`\xNN`) - 1
		}
	}
	var b strings.Builder
	b.Grow(size)
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == '\\':
			b.WriteString(`\\`)
		case r == utf8.RuneError && n == 1, r < 0x20, r == 0x7f:
			b.WriteString(`\x`)
			b.WriteByte(hex[s[0]>>4])
			b.WriteByte(hex[s[0]&15])
		default:
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}

// plain returns text for columns without a raw form: escaped where it must be.
func plain(s string) string {
	if isExact(s) {
		return s
	}
	return escape(s)
}

// plainList is plain for each of a list; nil stays nil.
func plainList(list []string) []string {
	if list == nil {
		return nil
	}
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = plain(s)
	}
	return out
}

// plainPtr is plain for optional strings.
func plainPtr(s *string) *string {
	if s == nil {
		return nil
	}
	return ptr(plain(*s))
}

// nonEmpty returns the text, NULL if it is empty.
func nonEmpty(s string) *string {
	if s == "" {
		return nil
	}
	return ptr(plain(s))
}

// enum makes an enumeration column.
func enum[N ~int32 | ~uint32 | ~int64 | ~uint64](e *criu.Enum, v N) schema.Enum {
	return schema.Enum{Name: ptr(e.Name(uint64(v))), Code: ptr(int64(v))}
}

// optionalEnum is enum for a field that may be absent.
func optionalEnum[N ~int32 | ~uint32](e *criu.Enum, v *N) schema.Enum {
	if v == nil {
		return schema.Enum{}
	}
	return enum(e, *v)
}

// optionalSignal is optionalEnum for the number of a signal, of which 0 is none.
func optionalSignal[N ~int32 | ~uint32](signals *criu.Enum, v *N) schema.Enum {
	if v == nil || *v == 0 {
		return schema.Enum{}
	}
	return enum(signals, *v)
}

// flags makes a flags column.
func flags[N ~int32 | ~uint32 | ~uint64](f *criu.Flags, v N) schema.Flags {
	bits := uint64(v)
	return schema.Flags{Bits: &bits, Names: f.List(bits)}
}

// optionalFlags is flags for a field that may be absent.
func optionalFlags[N ~uint32 | ~uint64](f *criu.Flags, v *N) schema.Flags {
	if v == nil {
		return schema.Flags{}
	}
	return flags(f, *v)
}

// address makes an address column of 4 or 16 bytes in network order.
func address(b []byte) schema.IP {
	a, ok := netip.AddrFromSlice(b)
	if !ok {
		return schema.IP{}
	}
	return schema.IP{Text: ptr(a.String()), Bytes: b}
}

// parsedAddress makes an address column of text; what is no address keeps its
// text.
func parsedAddress(s string) schema.IP {
	if s == "" {
		return schema.IP{}
	}
	ip := schema.IP{Text: ptr(plain(s))}
	if a, err := netip.ParseAddr(s); err == nil {
		ip.Text, ip.Bytes = ptr(a.WithZone("").String()), a.AsSlice()
	}
	return ip
}

// kernelDevice splits a device number as the kernel keeps it.
func kernelDevice(v *uint32) schema.Device {
	if v == nil {
		return schema.Device{}
	}
	return schema.Device{Raw: v, Major: ptr(*v >> 20), Minor: ptr(*v & 0xfffff)}
}

// userDevice splits a device number as stat(2) returns it (glibc makedev).
func userDevice(v *uint32) schema.Device {
	if v == nil {
		return schema.Device{}
	}
	return schema.Device{Raw: v, Major: ptr(*v >> 8 & 0xfff), Minor: ptr(*v&0xff | *v>>12&0xfff00)}
}
