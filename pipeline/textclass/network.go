package textclass

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"
	"sync"
)

// isInURL reports whether a byte can be of a URL, from its scheme on. What ends
// words is none of it: brackets, which only IPv6 addresses need, and commas.
func isInURL(c byte) bool {
	return isAlphanumeric(c) || c >= 0x80 || bytes.IndexByte([]byte("-._~:/?#@!$&*+=%"), c) >= 0
}

func findURL(word []byte, anchor int) (start, end int) {
	start = back(word, anchor, 32, func(c byte) bool { return isAlphanumeric(c) || c == '+' || c == '-' || c == '.' })
	for start < anchor && !isLetter(word[start]) {
		start++
	}
	if anchor-start < 2 || anchor+3 == len(word) || !isAlphanumeric(word[anchor+3]) && word[anchor+3] < 0x80 {
		return 0, 0
	}
	end = while(word, anchor+3, isInURL)
	for end > anchor+3 && bytes.IndexByte([]byte(".:!?"), word[end-1]) >= 0 { // of the text around it
		end--
	}
	if end-anchor < 3+3 {
		return 0, 0
	}
	return start, end
}

func isInHost(c byte) bool { return isAlphanumeric(c) || c == '-' || c == '.' }

func findEmail(word []byte, anchor int) (start, end int) {
	start = back(word, anchor, 64, func(c byte) bool { return isAlphanumeric(c) || strings.IndexByte("._%+-", c) >= 0 })
	for start < anchor && !isAlphanumeric(word[start]) {
		start++
	}
	if start == anchor {
		return 0, 0
	}
	return start, domainEnd(word, anchor+1, while(word, anchor+1, isInHost), true)
}

func findDomain(word []byte, anchor int) (start, end int) {
	start = back(word, anchor, 64, func(c byte) bool { return isAlphanumeric(c) || c == '-' })
	if start > 0 && (word[start-1] == '.' || word[start-1] >= 0x80) { // not the first dot, or not the whole name
		return 0, 0
	}
	for start < anchor && !isAlphanumeric(word[start]) {
		start++
	}
	if start > 0 && bytes.IndexByte([]byte("/_$%@~"), word[start-1]) >= 0 { // part of a path or an identifier
		return 0, 0
	}
	to := while(word, anchor, isInHost)
	if to < len(word) && (word[to] == '_' || word[to] == '$' || word[to] == '@') {
		return 0, 0
	}
	return start, domainEnd(word, start, to, false)
}

// domainEnd returns where the domain ends that begins at from, and has no more
// than what is before to; 0 if it is none. One of an address of e-mail may end
// as files do.
func domainEnd(word []byte, from, to int, email bool) int {
	for to > from && !isAlphanumeric(word[to-1]) {
		to--
	}
	name := word[from:to]
	if len(name) < 4 || len(name) > 253 || !isAlphanumeric(name[0]) {
		return 0
	}
	last := bytes.LastIndexByte(name, '.')
	if last < 1 || !topLevel()[string(name[last+1:])] && !(email && countries()[string(name[last+1:])]) { // which nobody writes in capitals
		return 0
	}
	for label := range bytes.SplitSeq(name, []byte{'.'}) {
		if len(label) == 0 || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return 0
		}
	}
	return to
}

// countries are the top-level domains of countries.
var countries = sync.OnceValue(func() map[string]bool {
	return set(`ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo br bs bt bw by bz ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz
de dj dk dm do dz ec ee eg er es et eu fi fj fk fm fo fr ga gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir is it je jm jo jp
ke kg kh ki km kn kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc md me mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my mz na nc ne nf ng ni nl no np nr nu nz
om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw sa sb sc sd se sg sh si sk sl sm sn so sr ss st su sv sx sy sz tc td tf tg th tj tk tl tm tn to tr tt tv tw tz
ua ug uk us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw`)
})

// alsoFiles are countries whose domains end as files and identifiers often do.
var alsoFiles = strings.Fields("so py sh pl rs md cc ps is in id as do to no it be at am me my ne no pm ml mm la li st sc")

// topLevel are the top-level domains that a domain by itself must have: larger
// ones of the root zone, but for words that are names of fields in programs too,
// and those of private networks.
var topLevel = sync.OnceValue(func() map[string]bool {
	all := set(`com net org edu gov mil int biz info pro mobi arpa app dev cloud online site top xyz club shop tech website icu vip
agency network systems services solutions onion local internal intranet corp lan cluster example invalid localdomain`)
	for top := range countries() {
		all[top] = !slices.Contains(alsoFiles, top)
	}
	return all
})

func set(words string) map[string]bool {
	all := map[string]bool{}
	for _, w := range strings.Fields(words) {
		all[w] = true
	}
	return all
}

func findIPv4(word []byte, anchor int) (start, end int) {
	start = back(word, anchor, 3, isDigit)
	if start > 0 && (isAlphanumeric(word[start-1]) || word[start-1] == '.' || word[start-1] == '-' || word[start-1] == '_') {
		return 0, 0
	}
	end = while(word, start, func(c byte) bool { return isDigit(c) || c == '.' })
	if end < len(word) && (isLetter(word[end]) || word[end] == '-' || word[end] == '_') {
		return 0, 0
	}
	if word[end-1] == '.' { // of the text around it
		end--
	}
	if end-start > 15 {
		return 0, 0
	}
	if a, err := netip.ParseAddr(string(word[start:end])); err != nil || !a.Is4() {
		return 0, 0
	}
	return start, end
}

func findIPv6(word []byte, anchor int) (start, end int) {
	inAddress := func(c byte) bool { return isHex(c) || c == ':' || c == '.' }
	start = back(word, anchor, 4, isHex)
	if start > 0 && (isAlphanumeric(word[start-1]) || word[start-1] == ':') {
		return 0, 0
	}
	end = while(word, anchor, inAddress)
	for end > anchor && word[end-1] == '.' || end > anchor+1 && word[end-1] == ':' && word[end-2] != ':' {
		end--
	}
	if end-start < minWord || end-start > 45 || end < len(word) && isAlphanumeric(word[end]) {
		return 0, 0
	}
	text := word[start:end]
	digits := 0
	for _, c := range text {
		if isDigit(c) {
			digits++
		}
	}
	// names of C++ have :: between letters too
	if digits < 2 || bytes.Count(text, []byte{':'}) < 2 {
		return 0, 0
	}
	if a, err := netip.ParseAddr(string(text)); err != nil || !a.Is6() {
		return 0, 0
	}
	return start, end
}
