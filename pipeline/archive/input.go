package archive

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"time"
)

// Input is where an archive is read from: a file, an object in a store, a
// folder that an archive was unpacked into.
type Input interface {
	// Name tells the input from all others, such as a path or a URL.
	Name() string
	// Open begins to read the input, and does so anew with every call: what can
	// be read only in order is opened again where its beginning is wanted a
	// second time. The context also ends what is read later.
	Open(ctx context.Context) (Content, error)
}

// Content is an open input: a FileContent or a FolderContent.
type Content interface{ io.Closer }

// FileContent is content that is a stream of bytes, read in order. If it is an
// io.ReaderAt too, then what nobody wants of it is not read.
type FileContent interface {
	Content
	io.Reader
	// Version returns what the file is now.
	Version() (Version, error)
}

// FolderContent is that of a folder that an archive was unpacked into. It must
// not follow links out of the folder. Names may be any bytes: they need not be
// valid as fs.ValidPath has it.
type FolderContent interface {
	Content
	fs.ReadLinkFS
}

// Version tells one state of an input from another, as far as that is possible
// without reading it.
type Version struct {
	Size    int64
	ModTime time.Time // zero where none is known
	Tag     string    // an ETag or a digest; empty where there is none
}

// Equal reports whether two versions are the same.
func (v Version) Equal(other Version) bool {
	return v.Size == other.Size && v.ModTime.Equal(other.ModTime) && v.Tag == other.Tag
}

func (v Version) String() string {
	text := fmt.Sprintf("%d bytes", v.Size)
	if !v.ModTime.IsZero() {
		text += " of " + v.ModTime.UTC().Format("2006-01-02T15:04:05.000000Z")
	}
	if v.Tag != "" {
		text += fmt.Sprintf(" tagged %q", v.Tag)
	}
	return text
}

// OpenError says that an input could not be opened: nothing of it was read.
type OpenError struct{ Err error }

func (e *OpenError) Error() string { return "opening: " + e.Err.Error() }

func (e *OpenError) Unwrap() error { return e.Err }
