package textclass

import "bytes"

// kind says what a byte is, and all kinds together what a word has.
type kind uint16

const (
	inWord kind = 1 << iota // no space, control, quote or bracket
	lower
	dot
	colon
	slash
	at
	dash // or underscore
	digit
	high // beyond ASCII

	allKinds = high<<1 - 1
)

var kinds = func() (table [256]kind) {
	for c := range table {
		switch {
		case c <= ' ' || c == 0x7f || bytes.IndexByte([]byte("\"'`<>()[]{}|\\^,;"), byte(c)) >= 0:
		case c >= '0' && c <= '9':
			table[c] = inWord | digit
		case c >= 'a' && c <= 'z':
			table[c] = inWord | lower
		case c >= 0x80:
			table[c] = inWord | high
		default:
			table[c] = inWord
		}
	}
	for c, k := range map[byte]kind{'.': dot, ':': colon, '/': slash, '@': at, '-': dash, '_': dash} {
		table[c] |= k
	}
	return table
}()

// index returns where an anchor stands first; without one, where a digit does.
func index(word []byte, anchor string) int {
	switch len(anchor) {
	case 0:
		return bytes.IndexFunc(word, func(r rune) bool { return r >= '0' && r <= '9' })
	case 1:
		return bytes.IndexByte(word, anchor[0])
	}
	return bytes.Index(word, []byte(anchor))
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func isAlphanumeric(c byte) bool { return isDigit(c) || isLetter(c) }

func isHex(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }

// isToken reports whether a byte can be of a token in base64url, or in base62 with
// underscores.
func isToken(c byte) bool { return isAlphanumeric(c) || c == '-' || c == '_' }

// while returns where the bytes from an index on end that are as wanted.
func while(word []byte, from int, is func(byte) bool) int {
	for from < len(word) && is(word[from]) {
		from++
	}
	return from
}

// back returns where the bytes before an index begin that are as wanted, at
// most so many.
func back(word []byte, to, most int, is func(byte) bool) int {
	for n := 0; to > 0 && n < most && is(word[to-1]); n++ {
		to--
	}
	return to
}
