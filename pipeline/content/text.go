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

// each is a word with 1 in each of its bytes.
const each = 0x0101010101010101

// printableASCII returns how many bytes at the start of b surely are, or line feeds,
// in words of eight: most bytes of most texts.
func printableASCII(b []byte) int {
	rest := b
	for ; len(rest) >= 8; rest = rest[8:] {
		word := binary.LittleEndian.Uint64(rest)
		if hasOthers(word) && hasOthers(word|lineFeeds(word)>>2) { // a line feed with that bit is a star
			break
		}
	}
	return len(b) - len(rest)
}

// hasOthers reports whether a word may have a byte that is not printable ASCII: its
// high bit is set here where the byte is 0x80 or more, below 0x20, or 0x7f.
func hasOthers(word uint64) bool {
	return (word|(word-0x20*each)|(word+each))&(0x80*each) != 0
}

// lineFeeds returns a word with the high bit of each byte that is a line feed.
func lineFeeds(word uint64) uint64 {
	x := word ^ '\n'*each
	return ^(x&^(0x80*each) + 0x7f*each | x | 0x7f*each)
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
