package objectstore

import (
	"bytes"
	"context"
	"fmt"

	"github.com/minio/minio-go/v7"
)

// Condition is one under which an object is written.
type Condition struct{ absent, etag string }

// IfAbsent is met where no object has the key, IfIs where the one that has it has
// this ETag.
func IfAbsent() Condition            { return Condition{absent: "*"} }
func IfIs(etag string) Condition     { return Condition{etag: etag} }
func (c Condition) isMetByAny() bool { return c == Condition{} }

// Put writes an object whole; the zero Condition is met by anything. The error is
// ErrPrecondition where the condition is not met: then nothing was written, or an
// attempt before this one wrote it, and its answer was lost.
func (s *Store) Put(ctx context.Context, bucket, key string, data []byte, when Condition) (etag string, err error) {
	var opts minio.PutObjectOptions
	if when.absent != "" {
		opts.SetMatchETagExcept(when.absent)
	}
	if when.etag != "" {
		opts.SetMatchETag(when.etag)
	}
	opts.DisableMultipart = true
	info, err := s.client.Client.PutObject(ctx, bucket, key, bytes.NewReader(data), int64(len(data)), opts)
	if err != nil {
		err = explain(err, URL(bucket, key))
		if !when.isMetByAny() && isConflict(err) {
			err = fmt.Errorf("%w: %w", ErrPrecondition, err)
		}
		return "", err
	}
	return info.ETag, nil
}

// PutFile writes a file as an object, in several parts where it is large.
func (s *Store) PutFile(ctx context.Context, bucket, key, path string) error {
	_, err := s.client.FPutObject(ctx, bucket, key, path, minio.PutObjectOptions{NumThreads: 2})
	if err != nil {
		return explain(err, URL(bucket, key))
	}
	return nil
}

// Remove removes an object; one that is not there is removed.
func (s *Store) Remove(ctx context.Context, bucket, key string) error {
	if err := s.client.RemoveObject(ctx, bucket, key, minio.RemoveObjectOptions{}); err != nil {
		return explain(err, URL(bucket, key))
	}
	return nil
}

// CopyWithin copies an object to a key of the same bucket, in the store.
func (s *Store) CopyWithin(ctx context.Context, bucket, from, to string) error {
	_, err := s.client.Client.CopyObject(ctx, minio.CopyDestOptions{Bucket: bucket, Object: to}, minio.CopySrcOptions{Bucket: bucket, Object: from})
	if err != nil {
		return explain(err, URL(bucket, from))
	}
	return nil
}
