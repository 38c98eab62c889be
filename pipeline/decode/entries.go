package decode

import (
	"errors"
	"io"
	"maps"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/schema"
)

// entry says where a message stands.
type entry struct {
	index  int
	offset uint64
	reader *criu.Reader
}

// messageOf is a pointer to a message struct.
type messageOf[T any] interface {
	*T
	proto.Message
}

// each calls f for every entry of an image that may be nil, and notes what is
// wrong with the image. Payload behind an entry is taken from entry.reader.
func each[T any, P messageOf[T]](s *imageSet, img *image, f func(*entry, P)) {
	if img == nil {
		return
	}
	img.decoded = true
	if !s.guard(img.member, func() { eachEntry(s, img, f) }) {
		img.status = Internal
	}
}

func eachEntry[T any, P messageOf[T]](s *imageSet, img *image, f func(*entry, P)) {
	r, err := criu.NewReader(img.kind, img.data, img.truncated)
	img.layout, img.magic = r.Layout, r.Magic
	if err != nil {
		s.imageProblem(img, err)
		return
	}
	defer func() { img.entries = ptr(uint64(r.Entries)) }()
	most := s.taken + s.share()
	for s.ctx.Err() == nil {
		e := &entry{index: r.Entries, offset: r.Offset(), reader: r}
		data, err := r.Next()
		if errors.Is(err, io.EOF) {
			if err = r.CheckEntries(img.kind); err == nil {
				return
			}
		}
		if err != nil {
			s.imageProblem(img, err)
			return
		}
		m := P(new(T))
		cost, decoded := s.messages.Decode(data, m, most-s.taken)
		hasUnknown := false
		if !decoded {
			m = P(new(T))
			cost, hasUnknown = s.decoder.shapes.Cost(m.ProtoReflect().Descriptor(), data)
		}
		if !s.afford(img, cost, most) {
			return
		}
		if !decoded {
			err = criu.Unmarshal(data, m)
		}
		switch {
		case errors.Is(err, criu.ErrMissingField):
			s.imageProblem(img, &criu.ImageError{Code: MissingField, Entry: e.index, Offset: e.offset, Err: err})
			img.status = "ok"
		case err != nil:
			s.imageProblem(img, &criu.ImageError{Code: Malformed, Entry: e.index, Offset: e.offset, Err: err})
			return // what follows may be found, but not trusted
		}
		s.keepEntry(img, e, m, data, hasUnknown)
		f(e, m)
	}
}

// afford takes the memory that a message will take, and the entry with it. most
// is how much the archive may have taken then. Where that is passed it is noted,
// and the rest of the image is not decoded.
func (s *imageSet) afford(img *image, message, most int64) bool {
	const entryBytes = 128 // what a decoder keeps beside the message
	if entryBytes+message <= most-s.taken && s.take(entryBytes+message) {
		return true
	}
	s.passedBy(s.decoder.Limits.memory(), img.member, "the image takes more than its share of the memory; the rest of it was not decoded")
	img.status = limitStatus
	return false
}

// one returns the only entry of an image, nil if there is none.
func one[T any, P messageOf[T]](s *imageSet, name string) P { return oneOf[T, P](s, s.image(name)) }

func oneOf[T any, P messageOf[T]](s *imageSet, img *image) P {
	var first P
	each(s, img, func(_ *entry, m P) {
		if first == nil {
			first = m
		}
	})
	return first
}

// byNumber decodes the images of a kind that have one entry, by the number in
// their names.
func byNumber[T any, P messageOf[T]](s *imageSet, kind string) map[uint32]P {
	found := map[uint32]P{}
	for _, img := range s.ofKind(kind) {
		if m := oneOf[T, P](s, img); m != nil {
			found[uint32(img.number)] = m
		}
	}
	return found
}

// keepEntry notes the fields of a message that are not known, and with --raw
// the whole message.
func (s *imageSet) keepEntry(img *image, e *entry, m proto.Message, data []byte, hasUnknown bool) {
	if hasUnknown {
		s.unknownFields(img, e.index, m, data)
	}
	if s.decoder.Raw {
		s.keepMessage(img.member, uint32(e.index), e.offset, uint64(len(data)), m)
	}
}

// keepMessage fills image_entries.
func (s *imageSet) keepMessage(member string, index uint32, offset, size uint64, m proto.Message) {
	const growth = 8 // JSON takes six bytes for some, and grows while it is made
	if isFull(&s.notes, &s.rows.ImageEntries) {
		return
	}
	if int64(size) > (s.decoder.Limits.MemoryBytes-s.taken)/growth {
		s.passedIn(s.decoder.Limits.memory(), "image_entries", "the archive takes more memory; messages are left out")
		return
	}
	message := m.ProtoReflect()
	add(&s.notes, &s.rows.ImageEntries, schema.ImageEntry{
		Member: plain(member), EntryIndex: index, Offset: offset, SizeBytes: size,
		Message: string(message.Descriptor().Name()), EntryJSON: string(criu.AppendJSON(nil, message)),
	})
}

// unknownFields notes the fields of an entry that its message does not have.
func (s *imageSet) unknownFields(img *image, index int, m proto.Message, data []byte) {
	s.decoder.shapes.Find(m.ProtoReflect().Descriptor(), data, func(u criu.Unknown) bool {
		return !isFull(&s.notes, &s.rows.UnknownFields) && add(&s.notes, &s.rows.UnknownFields, schema.UnknownField{
			Member: plain(img.member), EntryIndex: uint32(index), Path: u.Path, Position: u.Position, FieldNumber: u.Number,
			WireType: u.WireType, NumberValue: u.Value, BytesValue: u.Bytes,
		})
	})
}

// decodeOthers notes images that are left over, and goes over those that no
// table is made of: their framing is checked, and their entries are counted.
// There are none of these now; a test tells when a kind is added without a decoder.
func (s *imageSet) decodeOthers() {
	s.staleImages()
	for _, name := range slices.Sorted(maps.Keys(s.images)) {
		img := s.images[name]
		if img.decoded {
			continue
		}
		img.status = "no_table"
		if img.kind.Raw {
			continue
		}
		r, err := criu.NewReader(img.kind, img.data, img.truncated)
		img.layout, img.magic = r.Layout, r.Magic
		for err == nil {
			_, err = r.Next()
			img.entries = ptr(uint64(r.Entries))
		}
		if err != nil && !errors.Is(err, io.EOF) {
			s.imageProblem(img, err)
		}
	}
}
