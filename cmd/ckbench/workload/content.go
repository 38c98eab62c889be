package workload

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
)

const pageSize = 4096

// newRand returns random numbers of their own for a thing with that name: the
// same for the same seed.
func newRand(seed uint64, name string) *rand.Rand {
	h := uint64(14695981039346656037) // FNV-1a
	for _, c := range []byte(name) {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return rand.New(rand.NewPCG(seed, h))
}

var words = []string{
	"request", "accepted", "connection", "timeout", "user", "session", "cache", "miss", "hit", "GET", "POST", "/api/v1/orders", "/healthz", "status=200",
	"status=404", "duration_ms=", "bytes=", "worker", "queue", "retry", "payload", "tenant", "shard", "replica", "commit", "offset", "partition", "leader",
	"{\"id\":", "\"name\":", "\"total\":", "null,", "true}", "Mozilla/5.0", "keep-alive", "gzip,", "application/json", "trace_id=", "span_id=", "level=info", "level=warn",
}

// text appends n bytes of lines such as servers keep in memory and in logs.
func text(r *rand.Rand, out []byte, n int) []byte {
	for end := len(out) + n; len(out) < end; {
		switch r.IntN(4) {
		case 0:
			out = fmt.Appendf(out, "%x ", r.Uint32())
		default:
			out = append(append(out, words[r.IntN(len(words))]...), ' ')
		}
		if r.IntN(12) == 0 {
			out[len(out)-1] = '\n'
		}
		if len(out) >= end {
			return out[:end]
		}
	}
	return out
}

// pages makes contents of memory as one finds them: text, structures full of
// pointers, bytes without order (compressed, encrypted, media), and pages that
// are mostly empty. Zstandard makes about a third of them.
type pages struct {
	r     *rand.Rand
	lines []byte // text to copy from: making it anew is slow
}

func newPages(r *rand.Rand) *pages { return &pages{r, text(r, nil, 1<<20)} }

// fill fills a page.
func (p *pages) fill(page []byte) {
	switch n := p.r.IntN(100); {
	case n < 40:
		p.text(page)
	case n < 75:
		p.structures(page)
	case n < 90:
		for i := 0; i < len(page); i += 8 {
			binary.LittleEndian.PutUint64(page[i:], p.r.Uint64())
		}
	default:
		clear(page)
		p.text(page[:256+p.r.IntN(2048)])
	}
}

// text copies lines from anywhere, in pieces.
func (p *pages) text(out []byte) {
	for len(out) > 0 {
		from := p.r.IntN(len(p.lines) - 256)
		out = out[copy(out, p.lines[from:from+64+p.r.IntN(192)]):]
	}
}

// structures fills with records of 64 bytes: pointers into a heap, small
// numbers, zeros.
func (p *pages) structures(out []byte) {
	heap := 0x7f00_0000_0000 | p.r.Uint64N(1<<20)<<16
	for i := 0; i+64 <= len(out); i += 64 {
		n := p.r.Uint64()
		binary.LittleEndian.PutUint64(out[i:], heap+n&0xfffff0)
		binary.LittleEndian.PutUint64(out[i+8:], heap+n>>24&0xfffff0)
		binary.LittleEndian.PutUint64(out[i+16:], n>>48&0xff)
		binary.LittleEndian.PutUint64(out[i+24:], 0)
		binary.LittleEndian.PutUint64(out[i+32:], n>>56&0x3)
		binary.LittleEndian.PutUint64(out[i+40:], heap)
		binary.LittleEndian.PutUint64(out[i+48:], uint64(i))
		binary.LittleEndian.PutUint64(out[i+56:], 0xffffffff)
	}
}

// isPointer reports whether a word of memory is an address of user space, as
// far as its bytes tell: text looks alike where it ends with two zeros.
func isPointer(word uint64) bool {
	switch word >> 40 {
	case 0x55, 0x56, 0x7f, 0x7e:
	default:
		return false
	}
	bytes := binary.LittleEndian.AppendUint64(nil, word)[:6]
	return slices.ContainsFunc(bytes, func(b byte) bool { return b < ' ' || b > '~' })
}

// moved returns an address as it would be after another randomisation of the
// address space.
func moved(word, by uint64) uint64 {
	const random = 0xff_ffff_f000 // the bits that differ between processes
	return word&^random | (word+by)&random
}
