// Package criu reads CRIU images from bytes: their framing, the kinds of
// images and what the numbers in their names are, the payloads that follow
// some messages, page maps and the way from an address to page contents, and
// the names of the numbers the images hold. It neither opens files nor knows
// tables; the messages themselves are go-criu's generated packages.
//
// go-criu's own decoders are not used: they need files on disk and mis-decode
// several payloads.
//
// What is where:
//
//   - kind.go: what an image is, by its name; required.go: which images there must be
//   - framing.go: magics and the entries of an image
//   - messages.go decodes entries fast, with shapes.go and forms.go, what is known
//     of their types; cost.go and unknown.go scan them, json.go writes them as JSON
//   - pagemap.go, pageblocks.go: where the pages of memory are, and how they are
//     compressed
//   - ghost.go, netlink.go, bpf.go, siginfo.go, amdgpu.go: images and payloads of
//     other formats; imagestream.go: all images in one stream
//   - registers.go, registersets.go, processor.go, syscalls_gen.go: what a thread's
//     core image says of its processor
//   - enums.go, flags.go, signals.go, sysctl.go, netnames.go and the like: names of
//     numbers, with their sources; names.go: the types of these
package criu

import (
	"errors"
	"fmt"
)

// Codes of an ImageError.
const (
	CodeTruncated = "truncated" // the image ends within an entry
	CodeBadMagic  = "bad_magic" // the image does not begin as its name demands
	CodeMalformed = "malformed" // an entry is no valid message
)

// ImageError says where and how an image could not be decoded. What precedes
// the place was decoded.
type ImageError struct {
	Code   string
	Entry  int    // entry it occurred in, from 0; -1 for the head of the image
	Offset uint64 // byte offset of that entry
	Err    error
}

func (e *ImageError) Error() string {
	if e.Entry < 0 {
		return e.Err.Error()
	}
	return fmt.Sprintf("entry %d at byte %d: %v", e.Entry, e.Offset, e.Err)
}

func (e *ImageError) Unwrap() error { return e.Err }

// ErrMissingField is wrapped by errors of entries that lack a required field;
// the fields that are there were decoded.
var ErrMissingField = errors.New("a required field is missing")
