package decode

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
)

// payload returns content for a column: NULL unless contents are wanted, and
// only the beginning of what is longer than the limit.
func (c *container) payload(content []byte) []byte {
	limit := c.decoder.PayloadLimit
	if limit <= 0 || content == nil {
		return nil
	}
	return bytes.Clone(content[:min(int64(len(content)), limit)])
}

// behind takes n bytes of content from behind an entry. Where the image ends
// too early that is noted, whole is false, and content is what there is.
func (s *imageSet) behind(img *image, e *entry, n uint64) (content []byte, whole bool) {
	content, err := e.reader.Extra(n)
	if err != nil {
		s.imageProblem(img, err)
	}
	return content, err == nil
}

// contentDigest returns the SHA-256 of content that is whole, NULL of other.
func contentDigest(content []byte, whole bool) *string {
	if !whole {
		return nil
	}
	sum := sha256.Sum256(content)
	return ptr(hex.EncodeToString(sum[:]))
}
