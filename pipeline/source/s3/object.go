package s3

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/ckexport/ckexport/objectstore"
	"github.com/ckexport/ckexport/pipeline/archive"
)

// object is an archive's input.
type object struct {
	store       *objectstore.Store
	bucket, key string
}

func (o *object) Name() string { return objectstore.URL(o.bucket, o.key) }

// Open asks for the first bytes, and with them for what the object is now.
func (o *object) Open(ctx context.Context) (archive.Content, error) {
	c := &content{object: o, ctx: ctx, run: 1}
	if o.readInOrder() {
		c.run = wholeObject
	}
	if err := c.begin(); err != nil {
		return nil, err
	}
	return c, nil
}

// readInOrder guesses by the name whether the object is read from its beginning
// to its end: then one request is enough.
func (o *object) readInOrder() bool {
	suffix := o.key[strings.LastIndexByte(o.key, '.')+1:]
	return slices.Contains([]string{"gz", "tgz", "zst", "tzst", "xz", "txz", "bz2", "tbz2"}, strings.ToLower(suffix))
}

// versionOf returns what a store says of an object.
func versionOf(info objectstore.Info) archive.Version {
	return archive.Version{Size: info.Size, ModTime: info.ModTime, Tag: info.ETag}
}

// get asks for a range; of one state of the object, if it is not nil.
func (o *object) get(ctx context.Context, from, to int64, state *archive.Version) (*objectstore.Body, error) {
	r := objectstore.Range{From: from, To: to}
	if to == wholeObject*blockBytes {
		r.To = objectstore.ToEnd
	}
	if state != nil {
		r.ETag = state.Tag
	}
	body, err := o.store.Get(ctx, o.bucket, o.key, r)
	switch {
	case state == nil || err == nil:
	case errors.Is(err, objectstore.ErrPrecondition):
		return nil, fmt.Errorf("%w: another object took its place", archive.ErrChanged)
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w: it was removed", archive.ErrChanged)
	}
	if err != nil {
		return nil, err
	}
	// Not all stores heed If-Match.
	if now := versionOf(body.Info); state != nil && (now.Tag != state.Tag || now.Size != state.Size) {
		_ = body.Close()
		return nil, fmt.Errorf("%w: %s became %s", archive.ErrChanged, state, now)
	}
	return body, nil
}
