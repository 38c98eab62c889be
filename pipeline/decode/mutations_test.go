package decode_test

import (
	"context"
	"encoding/binary"
	"math"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/source"
)

// variantsOf returns messages that differ from one in a single field, at any
// depth: without it, or with another number in it.
func variantsOf(message []byte) [][]byte {
	var variants [][]byte
	for at := 0; at < len(message); {
		field, kind, tag := protowire.ConsumeTag(message[at:])
		if tag < 0 {
			return nil // text, no message
		}
		n := protowire.ConsumeFieldValue(field, kind, message[at+tag:])
		if n < 0 {
			return nil
		}
		before, value, after := message[:at+tag], message[at+tag:at+tag+n], message[at+tag+n:]
		variants = append(variants, slices.Concat(message[:at], after))
		switch kind {
		case protowire.VarintType:
			for _, other := range []uint64{0, 1, 5, math.MaxUint32, math.MaxUint64} {
				variants = append(variants, slices.Concat(before, protowire.AppendVarint(nil, other), after))
			}
		case protowire.BytesType:
			inner, _ := protowire.ConsumeBytes(value)
			for _, v := range variantsOf(inner) {
				variants = append(variants, slices.Concat(before, protowire.AppendBytes(nil, v), after))
			}
		}
		at += tag + n
	}
	return variants
}

// TestMutatedFields takes away each field of real images, or gives it another
// value, one at a time: nothing panics, and the rest is decoded.
func TestMutatedFields(t *testing.T) {
	const most = 20 // variants of an image; larger ones are sampled
	archive := filepath.Join(t.TempDir(), "a.tar")
	decoder := decode.Decoder{Limits: decode.DefaultLimits()}
	var members []tarMember
	for _, name := range []string{"everything.tar.zst", "tcp-established.tar.zst", "udp-netlink.tar.zst"} {
		for _, m := range readTar(t, own(name)) {
			base := path.Base(m.header.Name)
			known := slices.ContainsFunc(members, func(o tarMember) bool { return o.header.Name == m.header.Name })
			isOther := name != "everything.tar.zst" && !strings.HasPrefix(base, "tcp-stream-")
			if strings.HasSuffix(base, ".img") && !strings.HasPrefix(base, "tmpfs-dev-") && !known && !isOther {
				members = append(members, m)
			}
		}
	}
	done := map[string]int{}
	for i, m := range members {
		kind := strings.TrimRight(strings.TrimSuffix(path.Base(m.header.Name), ".img"), "0123456789abcdef")
		if len(m.data) < 12 || binary.LittleEndian.Uint32(m.data) == 0 || strings.HasPrefix(kind, "pages") || done[kind] >= 2 {
			continue
		}
		done[kind]++
		for _, data := range mutatedImages(m.data, most) {
			damaged := slices.Clone(members)
			damaged[i].data = data
			if err := os.WriteFile(archive, tarOf(t, damaged), 0o600); err != nil {
				t.Fatal(err)
			}
			result, err := decoder.Decode(context.Background(), source.Path(archive))
			if err != nil {
				t.Fatal(err)
			}
			noFault(t, m.header.Name, result)
			if len(result.Checkpoints) != 1 || len(result.Checkpoints[0].Checkpoints) != 1 {
				t.Fatalf("%s: %+v", m.header.Name, result.Problems)
			}
		}
	}
}

// mutatedImages returns images with one entry changed, at most so many.
func mutatedImages(image []byte, most int) [][]byte {
	start := 8
	if binary.LittleEndian.Uint32(image) == 0x58313116 { // the inventory has one magic
		start = 4
	}
	var all [][]byte
	for at := start; at+4 <= len(image); {
		size := int(binary.LittleEndian.Uint32(image[at:]))
		if size > len(image)-at-4 {
			break // content, not an entry
		}
		for _, v := range variantsOf(image[at+4 : at+4+size]) {
			all = append(all, slices.Concat(image[:at], binary.LittleEndian.AppendUint32(nil, uint32(len(v))), v, image[at+4+size:]))
		}
		at += 4 + size
	}
	if len(all) <= most {
		return all
	}
	var sampled [][]byte
	for i := range most {
		sampled = append(sampled, all[i*len(all)/most])
	}
	return sampled
}
