package sqltext

import "strings"

// Statements splits SQL at the semicolons that end statements: not those in texts,
// names and comments. What is empty is left out, and so are comments in front.
func Statements(sql string) []string {
	var list []string
	from, isEmpty := 0, true
	end := func(to int) {
		if !isEmpty {
			list = append(list, strings.TrimSpace(sql[from:to]))
		}
		from, isEmpty = to+1, true
	}
	for i := 0; i < len(sql); {
		switch rest := sql[i:]; {
		case rest[0] == ';':
			end(i)
			i++
		case strings.HasPrefix(rest, "--"):
			i += lengthTo(rest, "\n")
		case strings.HasPrefix(rest, "/*"):
			i += commentLength(rest)
		case strings.ContainsRune(" \t\r\n", rune(rest[0])):
			i++
		default:
			if isEmpty {
				from, isEmpty = i, false
			}
			i += tokenLength(sql, i)
		}
	}
	end(len(sql))
	return list
}

// tokenLength returns the length of a quoted text or name, or 1 for what else begins
// there.
func tokenLength(sql string, i int) int {
	rest := sql[i:]
	switch rest[0] {
	case '\'':
		isEscaped := i > 0 && (sql[i-1] == 'e' || sql[i-1] == 'E') && (i == 1 || !isNamePart(sql[i-2]))
		return quotedLength(rest, isEscaped)
	case '"':
		return quotedLength(rest, false)
	case '$':
		if i > 0 && isNamePart(sql[i-1]) {
			return 1
		}
		if tag := dollarTag(rest); tag != "" {
			return len(tag) + lengthTo(rest[len(tag):], tag)
		}
	}
	return 1
}

// quotedLength returns the length of a text in quotes, which stand twice within, or
// behind a backslash in a text with escapes.
func quotedLength(s string, isEscaped bool) int {
	for i := 1; i < len(s); i++ {
		switch {
		case isEscaped && s[i] == '\\':
			i++
		case s[i] == s[0] && i+1 < len(s) && s[i+1] == s[0]:
			i++
		case s[i] == s[0]:
			return i + 1
		}
	}
	return len(s)
}

// dollarTag returns what begins and ends a text in dollar signs, such as $$ or $tag$.
func dollarTag(s string) string {
	for i := 1; i < len(s); i++ {
		if s[i] == '$' {
			return s[:i+1]
		}
		if !isNamePart(s[i]) || i == 1 && s[i] >= '0' && s[i] <= '9' {
			return ""
		}
	}
	return ""
}

func isNamePart(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// commentLength returns the length of a comment, which may have others within.
func commentLength(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch {
		case strings.HasPrefix(s[i:], "/*"):
			depth++
			i++
		case strings.HasPrefix(s[i:], "*/"):
			depth--
			i++
			if depth == 0 {
				return i + 1
			}
		}
	}
	return len(s)
}

// lengthTo returns the length up to and with an end, or of all.
func lengthTo(s, end string) int {
	if i := strings.Index(s, end); i >= 0 {
		return i + len(end)
	}
	return len(s)
}
