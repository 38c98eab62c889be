package objectstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
)

// Info is what a store says of an object.
type Info struct {
	Key     string
	Size    int64
	ModTime time.Time // to the second: listings have fractions that other answers lack
	ETag    string
}

func infoOf(of minio.ObjectInfo) Info {
	return Info{Key: of.Key, Size: of.Size, ModTime: of.LastModified.Truncate(time.Second), ETag: of.ETag}
}

// List lists the objects whose keys begin with prefix, by pages, in the order of
// their keys. It ends with the first error.
func (s *Store) List(ctx context.Context, bucket, prefix string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		ctx, cancel := context.WithCancel(ctx) // the client's iterator needs that to end early
		defer cancel()
		for info := range s.client.ListObjectsIter(ctx, bucket, minio.ListObjectsOptions{Prefix: prefix, Recursive: true}) {
			if info.Err != nil {
				yield(Info{}, explain(info.Err, "bucket "+bucket))
				return
			}
			if !yield(infoOf(info), nil) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(Info{}, err)
		}
	}
}

// Stat returns what the store says of an object.
func (s *Store) Stat(ctx context.Context, bucket, key string) (Info, error) {
	info, err := s.client.StatObject(ctx, bucket, key, minio.StatObjectOptions{})
	if err != nil {
		return Info{}, explain(err, URL(bucket, key))
	}
	return infoOf(info), nil
}

// ToEnd is the end of a range that has none.
const ToEnd = -1

// Range is a part of an object.
type Range struct {
	From, To int64  // the byte behind the last one, or ToEnd
	ETag     string // that the object must have; empty for any
}

// Body is the answer to a request for a range: its bytes, and what the object is.
type Body struct {
	io.ReadCloser
	Info
}

// Get asks for a range of an object. The error is ErrPrecondition where the
// object has another ETag, and ErrRange where it has no such bytes.
func (s *Store) Get(ctx context.Context, bucket, key string, r Range) (*Body, error) {
	var opts minio.GetObjectOptions
	if r.To == ToEnd {
		opts.Set("Range", fmt.Sprintf("bytes=%d-", r.From))
	} else {
		opts.Set("Range", fmt.Sprintf("bytes=%d-%d", r.From, r.To-1))
	}
	if r.ETag != "" {
		if err := opts.SetMatchETag(r.ETag); err != nil {
			return nil, err
		}
	}
	body, info, header, err := s.client.GetObject(ctx, bucket, key, opts)
	if err != nil {
		return nil, explain(err, URL(bucket, key))
	}
	b := &Body{body, infoOf(info)}
	if err := b.check(header, r); err != nil {
		_ = body.Close()
		return nil, fmt.Errorf("%s: %w", URL(bucket, key), err)
	}
	return b, nil
}

// check checks that an answer is the range that was asked for.
func (b *Body) check(header http.Header, r Range) error {
	first, total, ok := parseContentRange(header)
	switch {
	case ok && first == r.From:
		b.Size = total
	case ok || r.From > 0:
		return errors.New("the object store does not answer with the range that was asked for")
	}
	if b.Size < 0 {
		return errors.New("the object store does not tell its size")
	}
	return nil
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

// Pause waits before another attempt: twice as long each time, up to two seconds.
func Pause(ctx context.Context, attempt int) error {
	const first, longest = 100 * time.Millisecond, 2 * time.Second
	timer := time.NewTimer(min(first<<attempt, longest))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ReadAll returns all bytes of an object that has at most limit, and what it is.
func (s *Store) ReadAll(ctx context.Context, bucket, key string, limit int64) ([]byte, Info, error) {
	for attempt := 0; ; attempt++ {
		data, info, err := s.readAll(ctx, bucket, key, limit)
		if err == nil || ctx.Err() != nil || attempt+1 == MaxAttempts || !errors.Is(err, errCut) {
			return data, info, err
		}
		if err := Pause(ctx, attempt); err != nil {
			return nil, Info{}, err
		}
	}
}

// errCut says that a connection ended before the object did: another attempt may
// get all of it.
var errCut = errors.New("the connection ended too early")

func (s *Store) readAll(ctx context.Context, bucket, key string, limit int64) ([]byte, Info, error) {
	body, err := s.whole(ctx, bucket, key)
	if err != nil {
		return nil, Info{}, err
	}
	defer body.Close()
	if body.Size > limit {
		return nil, Info{}, fmt.Errorf("%s: it has %d bytes, which is too much", URL(bucket, key), body.Size)
	}
	data := make([]byte, body.Size)
	if _, err := io.ReadFull(body, data); err != nil {
		return nil, Info{}, fmt.Errorf("%s: %w: %v", URL(bucket, key), errCut, err)
	}
	return data, body.Info, nil
}

// whole asks for all of an object. Without a range, as one without bytes has none.
func (s *Store) whole(ctx context.Context, bucket, key string) (*Body, error) {
	body, info, _, err := s.client.GetObject(ctx, bucket, key, minio.GetObjectOptions{})
	if err != nil {
		return nil, explain(err, URL(bucket, key))
	}
	return &Body{body, infoOf(info)}, nil
}

// ErrSize says that an object is not as large as it should be.
var ErrSize = errors.New("its size is wrong")

// Copy writes all bytes of an object that has size of them to w. Where the
// connection breaks, it goes on behind what it got, if the object is still the same.
func (s *Store) Copy(ctx context.Context, bucket, key string, size int64, w io.Writer) error {
	if size == 0 {
		return nil
	}
	r := Range{To: ToEnd}
	for attempt := 0; ; attempt++ {
		body, err := s.Get(ctx, bucket, key, r)
		if err != nil {
			return err
		}
		if body.Size != size {
			_ = body.Close()
			return fmt.Errorf("%s: %w: it has %d bytes, and had %d when it was written", URL(bucket, key), ErrSize, body.Size, size)
		}
		if r.ETag != "" && r.ETag != body.ETag { // not all stores heed If-Match
			_ = body.Close()
			return fmt.Errorf("%s: %w", URL(bucket, key), ErrPrecondition)
		}
		r.ETag = body.ETag
		n, err := io.CopyN(w, body, size-r.From)
		_ = body.Close() // what was read of it is not in doubt
		if r.From += n; err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if n > 0 {
			attempt = 0
		}
		if attempt+1 == MaxAttempts {
			return fmt.Errorf("%s: reading at byte %d: %v", URL(bucket, key), r.From, err)
		}
		if err := Pause(ctx, attempt); err != nil {
			return err
		}
	}
}
