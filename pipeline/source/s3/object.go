package s3

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/ckexport/ckexport/pipeline/archive"
)

// object is an archive's input.
type object struct {
	client      *minio.Core
	bucket, key string
}

func (o *object) Name() string { return scheme + "://" + o.bucket + "/" + o.key }

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

// versionOf returns what a store says of an object. Listings have fractions of a
// second that answers to requests lack.
func versionOf(info minio.ObjectInfo) archive.Version {
	return archive.Version{Size: info.Size, ModTime: info.LastModified.Truncate(time.Second), Tag: info.ETag}
}

// piece is the answer to a request for a range: its bytes, and what the object is.
type piece struct {
	body    io.ReadCloser
	version archive.Version
}

// get asks for a range; of one state of the object, if it is not nil.
func (o *object) get(ctx context.Context, from, to int64, state *archive.Version) (*piece, error) {
	var opts minio.GetObjectOptions
	if to == wholeObject*blockBytes {
		opts.Set("Range", fmt.Sprintf("bytes=%d-", from))
	} else {
		opts.Set("Range", fmt.Sprintf("bytes=%d-%d", from, to-1))
	}
	if state != nil && state.Tag != "" {
		if err := opts.SetMatchETag(state.Tag); err != nil {
			return nil, err
		}
	}
	body, info, header, err := o.client.GetObject(ctx, o.bucket, o.key, opts)
	if err != nil {
		return nil, o.failed(err, state != nil)
	}
	p := &piece{body: body, version: versionOf(info)}
	if err := o.check(p, header, from, state); err != nil {
		_ = body.Close()
		return nil, err
	}
	return p, nil
}

// check checks that an answer is the range that was asked for.
func (o *object) check(p *piece, header http.Header, from int64, state *archive.Version) error {
	first, total, ok := parseContentRange(header)
	switch {
	case ok && first == from:
		p.version.Size = total
	case ok || from > 0:
		return fmt.Errorf("%s: the object store does not answer with the range that was asked for", o.Name())
	}
	if p.version.Size < 0 {
		return fmt.Errorf("%s: the object store does not tell its size", o.Name())
	}
	// Not all stores heed If-Match.
	if state != nil && (p.version.Tag != state.Tag || p.version.Size != state.Size) {
		return fmt.Errorf("%w: %s became %s", archive.ErrChanged, state, p.version)
	}
	return nil
}

// failed explains why a request failed; opened says that the object was there.
func (o *object) failed(err error, opened bool) error {
	code := minio.ToErrorResponse(err).Code
	switch {
	case opened && code == minio.PreconditionFailed:
		return fmt.Errorf("%w: another object took its place", archive.ErrChanged)
	case opened && code == minio.NoSuchKey:
		return fmt.Errorf("%w: it was removed", archive.ErrChanged)
	}
	return explain(err, o.Name())
}

// parseContentRange returns where a range begins, and the size of the object.
func parseContentRange(header http.Header) (first, total int64, ok bool) {
	text, found := strings.CutPrefix(header.Get("Content-Range"), "bytes ")
	if !found {
		return 0, 0, false
	}
	span, size, _ := strings.Cut(text, "/")
	from, _, _ := strings.Cut(span, "-")
	first, err := strconv.ParseInt(from, 10, 64)
	if err != nil {
		return 0, 0, false
	}
	total, err = strconv.ParseInt(size, 10, 64)
	return first, total, err == nil && total >= 0
}

// pause waits before the next attempt: twice as long each time.
func pause(ctx context.Context, attempt int) error {
	timer := time.NewTimer(100 * time.Millisecond << attempt)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
