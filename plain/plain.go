// Package plain writes values that came from archives as text that is shown:
// on a terminal, in a file, on a page. Such text holds nothing that could steer
// a terminal, or make a line look like another.
package plain

import (
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Printable escapes what could steer a terminal, or make a line look like
// another: all that is not printed as itself, but for line ends and tabs.
func Printable(s string) string {
	if strings.IndexFunc(s, IsSteering) < 0 && utf8.ValidString(s) {
		return s
	}
	var out strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&out, `\x%02x`, s[0])
		case IsSteering(r):
			out.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		default:
			out.WriteString(s[:n])
		}
		s = s[n:]
	}
	return out.String()
}

// IsSteering reports whether a character is not printed as itself: controls,
// also those of ISO 6429 that are no ASCII, and marks that turn the direction.
func IsSteering(r rune) bool { return r != '\n' && r != '\t' && !unicode.IsPrint(r) }

// Cell returns a value for a terminal: on one line, without control characters.
func Cell(v any) string {
	if v == nil {
		return ""
	}
	s := strings.NewReplacer("\n", `\n`, "\t", `\t`, "\r", `\r`).Replace(Text(v))
	return Printable(s)
}

// Text writes a value of any type as text.
func Text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []byte:
		return escapeBytes(v)
	case time.Time:
		return v.UTC().Format("2006-01-02 15:04:05.999999Z")
	case float64, bool, int8, int16, int32, int64, uint8, uint16, uint32, uint64:
		return fmt.Sprint(v)
	}
	data, err := json.Marshal(JSON(v))
	if err != nil {
		return fmt.Sprint(v)
	}
	if s, ok := JSON(v).(string); ok {
		return s
	}
	return string(data)
}

// escapeBytes writes bytes as DuckDB prints a BLOB: text with \xNN.
func escapeBytes(b []byte) string {
	var s strings.Builder
	for _, c := range b {
		if c >= 0x20 && c < 0x7f && c != '\\' {
			s.WriteByte(c)
		} else {
			fmt.Fprintf(&s, `\x%02X`, c)
		}
	}
	return s.String()
}

// JSON turns DuckDB's Go values into what JSON can say. Bytes are written
// as in the other formats.
func JSON(v any) any {
	switch v := v.(type) {
	case nil, bool, string, float64, float32, int8, int16, int32, int64, uint8, uint16, uint32, uint64, int, uint:
		return v
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	case []byte:
		return escapeBytes(v)
	case *big.Int:
		return json.Number(v.String())
	case json.Marshaler: // maps
		return v
	case fmt.Stringer:
		return v.String()
	}
	r := reflect.ValueOf(v)
	switch r.Kind() {
	case reflect.Slice:
		list := make([]any, r.Len())
		for i := range list {
			list[i] = JSON(r.Index(i).Interface())
		}
		return list
	case reflect.Map:
		object := make(map[string]any, r.Len())
		for _, k := range r.MapKeys() {
			object[fmt.Sprint(k.Interface())] = JSON(r.MapIndex(k).Interface())
		}
		return object
	}
	return fmt.Sprint(v)
}
