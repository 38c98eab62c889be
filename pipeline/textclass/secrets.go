package textclass

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"hash/crc32"
)

// beginPEM and endPEM begin the lines around a key in PEM.
const beginPEM, endPEM, border = "-----BEGIN", "-----END", "-----"

// endOfPEM returns where the private key ends that data begins with; 0 if it is
// no private key. isCut says that it may be one, and data ends too early.
func endOfPEM(data []byte) (end int, isCut bool) {
	window := data[:min(len(data), maxKey)]
	label, _, ends := bytes.Cut(window[len(beginPEM):min(len(window), len(beginPEM)+64)], []byte(border))
	if ends && !bytes.Contains(label, []byte("PRIVATE KEY")) {
		return 0, false
	}
	if !ends {
		return 0, len(window) < len(beginPEM)+64
	}
	from := len(beginPEM) + len(label) + len(border)
	last := bytes.Index(window[from:], []byte(border))
	if last < 0 {
		return 0, len(window) < maxKey
	}
	from += last
	if end := bytes.Index(window[from+len(border):], []byte(border)); end >= 0 && bytes.HasPrefix(window[from:], []byte(endPEM)) {
		return from + len(border) + end + len(border), false
	}
	return 0, len(window) < maxKey && len(window)-from < 64
}

// findToken returns a function that finds tokens with a prefix of one length,
// and so many characters behind it.
func findToken(prefix, least, most int) func([]byte, int) (int, int) {
	return func(word []byte, anchor int) (start, end int) {
		if anchor > 0 && isToken(word[anchor-1]) {
			return 0, 0
		}
		end = while(word, anchor+prefix, isToken)
		if n := end - anchor - prefix; n < least || n > most {
			return 0, 0
		}
		return anchor, end
	}
}

func findGitHubToken(word []byte, anchor int) (start, end int) {
	end = while(word, anchor+4, isAlphanumeric)
	if n := end - anchor - 4; n < 36 || n > 251 || anchor > 0 && isAlphanumeric(word[anchor-1]) || end < len(word) && isToken(word[end]) {
		return 0, 0
	}
	return anchor, end
}

// hasTokenChecksum reports whether the last six characters are the CRC-32 of those
// between prefix and them, in base62.
func hasTokenChecksum(token []byte) bool {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	body := token[4:]
	if len(body) < 7 {
		return false
	}
	sum := crc32.ChecksumIEEE(body[:len(body)-6])
	for i := len(body) - 1; i >= len(body)-6; i-- {
		if body[i] != digits[sum%62] {
			return false
		}
		sum /= 62
	}
	return true
}

func findAWSKey(word []byte, anchor int) (start, end int) {
	if anchor > 0 && isAlphanumeric(word[anchor-1]) {
		return 0, 0
	}
	end = while(word, anchor, func(c byte) bool { return c >= 'A' && c <= 'Z' || isDigit(c) })
	if end-anchor != 20 || end < len(word) && isAlphanumeric(word[end]) {
		return 0, 0
	}
	return anchor, end
}

func findJWT(word []byte, anchor int) (start, end int) {
	if anchor > 0 && isToken(word[anchor-1]) {
		return 0, 0
	}
	end = anchor
	for part := range 3 {
		from := end
		end = while(word, from, isToken)
		switch {
		case part < 2 && (end-from < 8 || end == len(word) || word[end] != '.'):
			return 0, 0
		case part == 1 && !bytes.HasPrefix(word[from:], []byte("eyJ")):
			return 0, 0
		case part < 2:
			end++
		}
	}
	return anchor, end
}

func isJWTHeader(token []byte) bool {
	header, _, _ := bytes.Cut(token, []byte{'.'})
	text, err := base64.RawURLEncoding.DecodeString(string(header))
	var fields struct{ Alg *string }
	return err == nil && json.Unmarshal(text, &fields) == nil && fields.Alg != nil
}

func findUUID(word []byte, anchor int) (start, end int) {
	start, end = anchor-8, anchor+28
	if start < 0 || end > len(word) || start > 0 && isHex(word[start-1]) || end < len(word) && isHex(word[end]) {
		return 0, 0
	}
	text := word[start:end]
	isNil := true
	for i, c := range text {
		if isDash := i == 8 || i == 13 || i == 18 || i == 23; isDash != (c == '-') || !isDash && !isHex(c) {
			return 0, 0
		}
		isNil = isNil && (c == '-' || c == '0')
	}
	if version, variant := text[14], text[19]|0x20; isNil || version < '1' || version > '8' || variant != '8'|0x20 && variant != '9'|0x20 && variant != 'a' && variant != 'b' {
		return 0, 0
	}
	return start, end
}

// findSecret finds NAME=value, where the anchor is in the name, and words with the
// anchor in capitals between hyphens.
func findSecret(word []byte, anchor int) (start, end int) {
	const maxName, maxValue = 64, 512
	inName := func(c byte) bool { return isToken(c) || c == '.' }
	start = back(word, anchor, maxName, inName)
	end = while(word[:min(len(word), anchor+maxName)], anchor, inName)
	isWord := word[anchor] <= 'Z' && bytes.IndexByte(word[start:end], '-') >= 0
	if end < len(word) && (word[end] == '=' || word[end] == ':') {
		value := while(word[:min(len(word), end+maxValue)], end+1, func(c byte) bool { return c > ' ' && c < 0x7f })
		if value-end-1 >= 4 {
			return start, value
		}
	}
	if !isWord || end-start < 10 {
		return 0, 0
	}
	return start, end
}

// issuers are the first digits of cards, with the lengths of their numbers.
var issuers = []struct {
	low, high   int // of the first four digits
	least, most int
}{
	{4000, 4999, 13, 19}, {5100, 5599, 16, 16}, {2221, 2720, 16, 16}, {3400, 3499, 15, 15}, {3700, 3799, 15, 15},
	{6011, 6011, 16, 19}, {6440, 6599, 16, 19}, {3528, 3589, 16, 19}, {3000, 3059, 14, 14}, {3600, 3699, 14, 14}, {3800, 3999, 14, 14},
}

func findCard(word []byte, anchor int) (start, end int) {
	if anchor > 0 && (isToken(word[anchor-1]) || word[anchor-1] == '.') {
		return 0, 0
	}
	end = while(word, anchor, func(c byte) bool { return isDigit(c) || c == '-' })
	if word[end-1] == '-' {
		end--
	}
	text := word[anchor:end]
	digits := bytes.ReplaceAll(text, []byte{'-'}, nil)
	isGrouped := len(text) == 19 && len(digits) == 16 && text[4] == '-' && text[9] == '-' && text[14] == '-'
	if len(digits) < 13 || len(digits) > 19 || len(text) != len(digits) && !isGrouped {
		return 0, 0
	}
	if end < len(word) && (isToken(word[end]) || word[end] == '.') {
		return 0, 0
	}
	first := 0
	for _, c := range digits[:4] {
		first = 10*first + int(c-'0')
	}
	for _, i := range issuers {
		if first >= i.low && first <= i.high && len(digits) >= i.least && len(digits) <= i.most {
			return anchor, end
		}
	}
	return 0, 0
}

// passesLuhn is the check of ISO/IEC 7812-1, annex B. Numbers of one digit pass
// it too, and are none.
func passesLuhn(number []byte) bool {
	sum, double, isOne := 0, false, true
	for i := len(number) - 1; i >= 0; i-- {
		if number[i] == '-' {
			continue
		}
		d := int(number[i] - '0')
		isOne = isOne && number[i] == number[len(number)-1]
		if double {
			d = 2*d - 9*(d/5)
		}
		sum, double = sum+d, !double
	}
	return sum%10 == 0 && !isOne
}
