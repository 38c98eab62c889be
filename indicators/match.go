package indicators

import (
	"net/netip"
	"strings"
)

// Set is indicators that are looked for together.
type Set struct {
	exact    map[Kind]map[string][]*Indicator // but for networks and URLs
	networks map[netip.Prefix][]*Indicator
	lengths  map[int]bool // of prefixes of networks
	urls     []*Indicator
	count    int
}

// NewSet makes a set.
func NewSet(list []Indicator) *Set {
	s := &Set{exact: map[Kind]map[string][]*Indicator{}, networks: map[netip.Prefix][]*Indicator{}, lengths: map[int]bool{}, count: len(list)}
	for n := range list {
		i := &list[n]
		switch i.Kind {
		case Network:
			p := netip.MustParsePrefix(i.value) // of a form that parse has made
			s.networks[p], s.lengths[p.Bits()] = append(s.networks[p], i), true
		case URL:
			s.urls = append(s.urls, i)
		default:
			if s.exact[i.Kind] == nil {
				s.exact[i.Kind] = map[string][]*Indicator{}
			}
			s.exact[i.Kind][i.value] = append(s.exact[i.Kind][i.value], i)
		}
	}
	return s
}

// Len returns how many indicators there are.
func (s *Set) Len() int { return s.count }

// in returns the indicators that a value has, which stands in a column of that content.
func (s *Set) in(holds Content, value string) []*Indicator {
	switch holds {
	case Digests:
		return s.exact[SHA256][value]
	case Paths:
		return s.exact[Path][value]
	case Addresses:
		if a, err := netip.ParseAddr(value); err == nil {
			return s.address(a)
		}
		return nil
	}
	return s.text(value)
}

// address matches an address, and the networks it is of.
func (s *Set) address(a netip.Addr) (found []*Indicator) {
	a = a.Unmap().WithZone("")
	found = append(found, s.exact[Address][a.String()]...)
	for bits := range s.lengths {
		if p, err := a.Prefix(bits); err == nil {
			found = append(found, s.networks[p]...)
		}
	}
	return found
}

// domain matches a name, and those that it is below.
func (s *Set) domain(name string) (found []*Indicator) {
	for domains := s.exact[Domain]; name != ""; {
		found = append(found, domains[name]...)
		_, name, _ = strings.Cut(name, ".")
	}
	return found
}

// text matches what stands anywhere in a text, as a word of its own.
func (s *Set) text(text string) (found []*Indicator) {
	for _, u := range s.urls {
		if containsURL(text, u.value) {
			found = append(found, u)
		}
	}
	if len(s.exact[Path]) > 0 {
		for word := range words(text, isOfPath) {
			found = append(found, s.exact[Path][word]...)
		}
	}
	if len(s.exact[SHA256])+len(s.exact[Domain])+len(s.exact[Address])+len(s.networks) == 0 {
		return found
	}
	for word := range words(text, isOfName) {
		found = append(found, s.name(word)...)
	}
	return found
}

// name matches a word of letters, digits, dots and colons: a digest, an address, one
// with a port, or a domain.
func (s *Set) name(word string) (found []*Indicator) {
	word = strings.ToLower(strings.Trim(word, ".:-"))
	if a, err := netip.ParseAddr(word); err == nil {
		return s.address(a)
	}
	for part := range strings.SplitSeq(word, ":") {
		part = strings.Trim(part, ".-")
		if a, err := netip.ParseAddr(part); err == nil {
			found = append(found, s.address(a)...)
			continue
		}
		found = append(append(found, s.exact[SHA256][part]...), s.domain(part)...)
	}
	return found
}

// containsURL reports whether a URL stands in a text, and ends there, or goes on to what
// is below it.
func containsURL(text, url string) bool {
	for {
		i := strings.Index(text, url)
		if i < 0 {
			return false
		}
		rest := text[i+len(url):]
		if rest == "" || strings.HasSuffix(url, "/") || !isOfURL(rest[0]) || rest[0] == '/' || rest[0] == '?' || rest[0] == '#' {
			return true
		}
		text = text[i+1:]
	}
}

// words yields the longest pieces of a text whose bytes are all of a class.
func words(text string, isOf func(byte) bool) func(func(string) bool) {
	return func(yield func(string) bool) {
		for start := 0; start < len(text); {
			for start < len(text) && !isOf(text[start]) {
				start++
			}
			end := start
			for end < len(text) && isOf(text[end]) {
				end++
			}
			if end > start && !yield(text[start:end]) {
				return
			}
			start = end
		}
	}
}

func isLetterOrDigit(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9'
}

// isOfName: what domains, addresses and digests are of.
func isOfName(b byte) bool {
	return isLetterOrDigit(b) || b == '.' || b == '-' || b == '_' || b == ':'
}

// isOfPath: what paths in texts are of; those with spaces or quotes are not found there.
func isOfPath(b byte) bool {
	return isLetterOrDigit(b) || b >= 0x80 || strings.IndexByte("/._-+@%~#!", b) >= 0
}

// isOfURL: what a URL goes on with. Source: RFC 3986, section 2.
func isOfURL(b byte) bool {
	return isLetterOrDigit(b) || b >= 0x80 || strings.IndexByte("-._~:/?#[]@!$&'*+=%", b) >= 0
}
