package content

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"
)

// encodingOf returns the encoding of a text, empty if it is none: text has no
// control characters but those of layout. cut says that the file goes on.
// Source: file(1), src/encoding.c.
func encodingOf(head []byte, cut bool) string {
	if bytes.HasPrefix(head, []byte{0xff, 0xfe}) || bytes.HasPrefix(head, []byte{0xfe, 0xff}) {
		return utf16Text(head)
	}
	ascii, latin := true, true
	for rest := head; len(rest) > 0; {
		rest = rest[printableASCII(rest):]
		others := rest[:min(len(rest), 8)] // after a line's end the words go on
		for _, b := range others {
			switch {
			case b >= 0xa0:
				ascii = false
			case b >= 0x80:
				ascii, latin = false, b == 0x85 && latin // next line
			case !isTextASCII(b):
				return ""
			}
		}
		rest = rest[len(others):]
	}
	switch {
	case ascii:
		return "ascii"
	case isUTF8(head, cut):
		return "utf-8"
	case latin:
		return "iso-8859"
	}
	return ""
}

// printableASCII returns how many bytes at the start of b surely are, in words
// of eight: most bytes of most texts.
func printableASCII(b []byte) int {
	const each = 0x0101010101010101
	n := 0
	for ; len(b)-n >= 8; n += 8 {
		word := binary.LittleEndian.Uint64(b[n:])
		// The high bit of a byte is set below where the byte is 0x80 or more,
		// below 0x20, or 0x7f.
		if (word|(word-0x20*each)|(word+each))&(0x80*each) != 0 {
			break
		}
	}
	return n
}

// isTextASCII reports whether a byte is printable or one of layout: bell,
// backspace, tab, line feed, vertical tab, form feed, return, escape.
func isTextASCII(b byte) bool {
	return b >= 0x20 && b != 0x7f || b >= 7 && b <= 13 || b == 27
}

// isUTF8 reports whether bytes are UTF-8; the last character may be cut.
func isUTF8(b []byte, cut bool) bool {
	if cut {
		for i := 1; i < utf8.UTFMax && i <= len(b); i++ {
			if last := b[len(b)-i:]; utf8.RuneStart(last[0]) {
				if !utf8.FullRune(last) {
					b = b[:len(b)-i]
				}
				break
			}
		}
	}
	return utf8.Valid(b)
}

// utf16Text tells text by its byte order mark and the absence of control
// characters.
func utf16Text(head []byte) string {
	low := 0
	if head[0] == 0xfe {
		low = 1
	}
	for i := 2; i+1 < len(head); i += 2 {
		if high := head[i+1-low]; high == 0 && !isTextASCII(head[i+low]) && head[i+low] < 0x80 {
			return ""
		}
	}
	return "utf-16"
}
