package decode

import (
	"slices"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/inventory"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/schema"
)

// cipherMember notes that the set has cipher.img, which holds the keys of its
// images, themselves encrypted for whoever may restore them. CRIU takes a set that
// has one for encrypted. Source: CRIU images/cipher.proto, criu/tls.c.
func (s *imageSet) cipherMember(m *member) {
	s.cipher = m.Name
	s.leave(m)
}

// setEncryptedAside keeps what is encrypted from being taken for damaged, or for
// content. One small file must not hide a set that is plain, as its inventory
// tells: that is decoded, but for pages, of which nothing tells what they are.
func (s *imageSet) setEncryptedAside() {
	if s.cipher == "" {
		return
	}
	for _, p := range s.memory.AllPages() {
		p.Unreadable = true
	}
	if s.texts != nil {
		s.newTexts() // for what was read before cipher.img came
	}
	message := "the images are encrypted, and were not decoded"
	if s.hasPlainInventory() {
		message = "the set has a key for encrypted images: those that are not encrypted were decoded, and no pages of memory"
	} else {
		for _, img := range s.images {
			img.data, img.unreadable, img.decoded, img.status = nil, true, true, Encrypted
		}
	}
	s.container.memberProblem(s.cipher, Error, Encrypted, message)
}

// hasPlainInventory reports whether the set's inventory can be read as it is.
func (s *imageSet) hasPlainInventory() bool {
	img := s.images["inventory.img"]
	if img == nil || img.data == nil {
		return false
	}
	r, err := criu.NewReader(img.kind, img.data, img.truncated)
	if err != nil {
		return false
	}
	data, err := r.Next()
	return err == nil && criu.Unmarshal(data, &inventory.InventoryEntry{}) == nil
}

// damage lists what encrypted content looks like.
var damage = []string{Malformed, BadMagic, Truncated, NotAnArchive, MissingField}

// withoutDamage leaves out the problems of the set's images that their encryption
// explains, and says so in the rows of their members.
func (s *imageSet) withoutDamage() {
	if s.cipher == "" {
		return
	}
	isOfImages := func(p schema.Problem) bool {
		name := bytesOf(p.Member)
		return slices.Contains(damage, p.Code) && name != "" && folderOf(name) == s.dir
	}
	s.problems = slices.DeleteFunc(s.problems, isOfImages)
	s.rows.Problems = slices.DeleteFunc(s.rows.Problems, isOfImages)
	for i := range s.members {
		if m := &s.members[i]; m.ImageDir != nil && *m.ImageDir == plain(s.dir) && slices.Contains(damage, m.DecodeStatus) {
			m.DecodeStatus = Encrypted
		}
	}
}
