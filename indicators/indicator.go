// Package indicators looks for indicators of compromise in an output: digests,
// addresses, networks, domains, URLs and paths, in every column where such a thing
// can stand.
//
// Values are compared here rather than in SQL, which only hands over those that a
// column has, each once: networks hold addresses, domains have subdomains, and texts
// have any of them somewhere within.
package indicators

import (
	"bufio"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"unicode"

	"github.com/ckexport/ckexport/lazyregexp"
)

// Kind is what an indicator is.
type Kind string

// The kinds of indicators.
const (
	SHA256  Kind = "sha256"
	Address Kind = "address"
	Network Kind = "network"
	Domain  Kind = "domain"
	URL     Kind = "url"
	Path    Kind = "path"
)

// Indicator is something to look for.
type Indicator struct {
	Kind Kind
	// Text is the indicator as it was given, Note what was said of it.
	Text, Note string

	value string // in the form in which it is looked up
}

// Skipped is a line that has no indicator of a known kind.
type Skipped struct {
	Line int
	Text string
}

// maxLine bounds a line of a list.
const maxLine = 1 << 20

// Read reads a list of indicators, one a line: the indicator, and what follows it as a
// note; or CSV, where the first column that is one is the indicator and the others are the
// note: a path with spaces has to be quoted. Lines that begin with #, empty ones, and the
// names of CSV's columns in the first one are passed over. Indicators may be defanged:
// hxxp, [.].
func Read(in io.Reader) (list []Indicator, skipped []Skipped, err error) {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLine)
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff"))
		if line == "" || line[0] == '#' {
			continue
		}
		indicator, ok := parseLine(line)
		isNames := number == 1 && strings.Contains(line, ",")
		if !ok && !isNames {
			skipped = append(skipped, Skipped{number, line})
		}
		if ok {
			list = append(list, indicator)
		}
	}
	if err := lines.Err(); err != nil {
		if errors.Is(err, bufio.ErrTooLong) {
			err = fmt.Errorf("a line of more than %d bytes", maxLine)
		}
		return nil, nil, err
	}
	return list, skipped, nil
}

// parseLine reads a line as one of CSV if it has commas or quotes and that finds an
// indicator, else as plain text.
func parseLine(line string) (Indicator, bool) {
	if strings.ContainsAny(line, `,"`) {
		fields, err := csv.NewReader(strings.NewReader(line)).Read()
		for i, f := range fields {
			if indicator, ok := parse(strings.TrimSpace(f)); ok && err == nil {
				rest := slices.DeleteFunc(slices.Delete(slices.Clone(fields), i, i+1), func(s string) bool { return strings.TrimSpace(s) == "" })
				indicator.Note = strings.TrimSpace(strings.Join(rest, ", "))
				return indicator, true
			}
		}
	}
	first, note := line, ""
	if i := strings.IndexFunc(line, unicode.IsSpace); i >= 0 {
		first, note = line[:i], strings.TrimSpace(line[i:])
	}
	indicator, ok := parse(first)
	indicator.Note = strings.TrimSpace(strings.TrimLeft(note, "#"))
	return indicator, ok
}

// fangs undoes what keeps links from being followed.
var fangs = strings.NewReplacer("[.]", ".", "(.)", ".", "{.}", ".", "[dot]", ".", "[:]", ":", "[://]", "://")

// domainForm is a name with two labels or more, the last of which is no number.
var domainForm = lazyregexp.New(`^([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$`)

// parse tells what an indicator is by its form.
func parse(text string) (Indicator, bool) {
	plain := fangs.Replace(text)
	if rest, ok := strings.CutPrefix(plain, "hxxp"); ok {
		plain = "http" + rest
	}
	lower := strings.ToLower(plain)
	i := Indicator{Text: text}
	if isDigest(lower) {
		i.Kind, i.value = SHA256, lower
		return i, true
	}
	if p, err := netip.ParsePrefix(plain); err == nil {
		i.Kind, i.value = Network, p.Masked().String()
		return i, true
	}
	if a, err := netip.ParseAddr(strings.Trim(plain, "[]")); err == nil {
		i.Kind, i.value = Address, a.Unmap().WithZone("").String()
		return i, true
	}
	switch domain := strings.TrimSuffix(strings.TrimPrefix(lower, "*."), "."); {
	case strings.Contains(plain, "://") && len(plain) > len("://")+1:
		i.Kind, i.value = URL, plain
	case strings.HasPrefix(plain, "/") && len(plain) > 1:
		i.Kind, i.value = Path, plain
	case domainForm().MatchString(domain) && len(domain) <= 253:
		i.Kind, i.value = Domain, domain
	default:
		return Indicator{}, false
	}
	return i, true
}

func isDigest(text string) bool {
	_, err := hex.DecodeString(text)
	return err == nil && len(text) == 64
}
