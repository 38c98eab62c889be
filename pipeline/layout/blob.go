package layout

import (
	"path"
	"strings"
)

// BlobName is the name of a blob of an OCI image layout: blobs, algorithm and
// digest below the folder of the layout. Source: OCI image specification,
// image-layout.md and descriptor.md.
type BlobName struct {
	Layout            string // folder of the layout
	Algorithm, Digest string
}

// ParseBlob takes the name of a blob apart; ok is false for other names.
func ParseBlob(name string) (b BlobName, ok bool) { return blobOf(split(name)) }

func blobOf(dir, base string) (b BlobName, ok bool) {
	const shortest, longest = 32, 128 // digits of a digest: MD5 has 32, SHA-512 128
	if len(base) < shortest || len(base) > longest || !isHex(base) {
		return BlobName{}, false
	}
	dir, algorithm := split(dir)
	layout, blobs := split(dir)
	return BlobName{layout, algorithm, base}, blobs == "blobs" && isAlgorithm(algorithm)
}

// Member returns the name of the blob's member.
func (b BlobName) Member() string { return path.Join(b.Layout, "blobs", b.Algorithm, b.Digest) }

// isAlgorithm reports whether a text is words of small letters and digits, with
// one separator between each two.
func isAlgorithm(s string) bool {
	wasWord := false
	for i := range len(s) {
		isWord := s[i] >= '0' && s[i] <= '9' || s[i] >= 'a' && s[i] <= 'z'
		if !isWord && (!wasWord || strings.IndexByte("+._-", s[i]) < 0) {
			return false
		}
		wasWord = isWord
	}
	return wasWord
}

func isHex(s string) bool {
	for i := range len(s) {
		if (s[i] < '0' || s[i] > '9') && (s[i] < 'a' || s[i] > 'f') {
			return false
		}
	}
	return true
}
