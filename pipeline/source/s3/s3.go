// Package s3 finds and reads archives in object stores with the interface of S3.
package s3

import (
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/ckexport/ckexport/objectstore"
	"github.com/ckexport/ckexport/pipeline/source"
)

// New returns the provider of s3://BUCKET, s3://BUCKET/PREFIX, s3://BUCKET/KEY and
// patterns of keys. What belongs to the output at a location, which may be one of
// another kind, is no input. It connects when it is first used.
func New(opts objectstore.Options, output string) source.Provider {
	return &provider{output: strings.TrimSuffix(output, "/"), connect: sync.OnceValues(func() (*objectstore.Store, error) { return objectstore.Connect(opts) })}
}

type provider struct {
	output  string
	connect func() (*objectstore.Store, error)
}

func (*provider) Scheme() string { return objectstore.Scheme }

// List lists objects by pages. An input that is the key of an object names this
// object only, and else all objects whose keys begin so.
func (p *provider) List(ctx context.Context, input string) (*source.Listing, error) {
	bucket, key := objectstore.Split(input)
	if bucket == "" {
		return nil, &source.InputError{Input: input, Err: errors.New("want s3://BUCKET/PREFIX")}
	}
	store, err := p.connect()
	if err != nil {
		return nil, &source.InputError{Input: input, Err: err}
	}
	l := &source.Listing{Network: true, Paths: objectstore.Files()}
	l.Candidates, err = find(ctx, store, bucket, key, func(name string) bool { return strings.HasPrefix(name, p.output+"/") })
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, &source.InputError{Input: input, Err: err}
	}
	return l, nil
}
