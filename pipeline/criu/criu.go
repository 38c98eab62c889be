// Package criu reads CRIU images from bytes: their framing, the kinds of
// images and what the numbers in their names are, the payloads that follow
// some messages, page maps and the way from an address to page contents, and
// the names of the numbers the images hold. It neither opens files nor knows
// tables; the messages themselves are go-criu's generated packages.
//
// go-criu's own decoders are not used: they need files on disk and mis-decode
// several payloads.
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
