package decode

import (
	"crypto/sha256"
	"encoding/hex"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/ckexport/ckexport/schema"
)

// digest is what a member adds to the identity of a checkpoint. Pages count
// with their size only: hashing memory would mean reading all of it.
type digest struct {
	name   string
	size   uint64
	sha256 string
}

// line describes the member by its name within the folder base.
func (d digest) line(base string) string {
	name := strings.TrimPrefix(strings.TrimPrefix(d.name, base), "/")
	return strconv.Quote(name) + " " + strconv.FormatUint(d.size, 10) + " " + d.sha256 + "\n"
}

// identity returns the id of a checkpoint: 128 bits of SHA-256, in hexadecimal,
// over the list of its images and of the metadata beside them, sorted by name.
// Neither the archive's name nor the order or compression of its members
// matters, nor the folder it was packed under. A checkpoint that a limit cut short
// is another one than the whole: neither takes the place of the other.
func (s *imageSet) identity() string {
	base := s.base()
	var lines []string
	for _, d := range s.digests {
		if other, ok := s.sets[folderOf(d.name)]; ok && other != s && other.hasImages() {
			continue // an image of another set of the archive
		}
		lines = append(lines, d.line(base))
	}
	if s.isCutShort() {
		lines = append(lines, "cut short by a limit\n")
	}
	slices.Sort(lines)
	sum := sha256.New()
	for _, l := range lines {
		sum.Write([]byte(l))
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

// isCutShort reports whether a limit left something of the checkpoint out.
func (s *imageSet) isCutShort() bool {
	isLimit := func(p schema.Problem) bool { return p.Code == LimitExceeded && isError(p) }
	return len(s.container.limits)+len(s.limits) > 0 || slices.ContainsFunc(s.problems, isLimit) || slices.ContainsFunc(s.rows.Problems, isLimit)
}

// folderOf returns the folder part of a member's name, empty for none.
func folderOf(name string) string {
	return strings.TrimSuffix(strings.TrimSuffix(name, path.Base(name)), "/")
}
