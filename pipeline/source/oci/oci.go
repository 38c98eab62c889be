// Package oci finds and reads checkpoints that were pushed to a registry of
// container images.
package oci

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path"
	"strings"
	"sync"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/transport"
)

const scheme = "oci"

// Options say how registries are reached.
type Options struct {
	PlainHTTP bool // without TLS, which is else so for this machine's own only
}

// New returns the provider of oci://REGISTRY/REPOSITORY, which are all its tags,
// oci://REGISTRY/REPOSITORY:TAG, patterns of tags, and
// oci://REGISTRY/REPOSITORY@DIGEST.
func New(opts Options) source.Provider {
	return &provider{opts, sync.OnceValues(func() (*remote.Puller, error) { return connect(opts) })}
}

type provider struct {
	opts    Options
	connect func() (*remote.Puller, error)
}

func (*provider) Scheme() string { return scheme }

// connect returns a client; it sends nothing yet. Credentials are those of docker
// and podman login.
func connect(opts Options) (*remote.Puller, error) {
	network, err := transport.New()
	if err != nil {
		return nil, err
	}
	var with http.RoundTripper = network
	if !opts.PlainHTTP {
		with = &onlyTLS{network}
	}
	return remote.NewPuller(remote.WithTransport(with), remote.WithAuthFromKeychain(authn.DefaultKeychain))
}

// onlyTLS refuses to send anything without TLS, but to this machine.
type onlyTLS struct{ http.RoundTripper }

func (t *onlyTLS) RoundTrip(request *http.Request) (*http.Response, error) {
	if host := request.URL.Hostname(); request.URL.Scheme != "https" && host != "localhost" && !net.ParseIP(host).IsLoopback() {
		return nil, fmt.Errorf("%s would be reached without TLS: --plain-http allows that", host)
	}
	return t.RoundTripper.RoundTrip(request)
}

// List asks for the manifests: their digests tell whether an image is known.
func (p *provider) List(ctx context.Context, input string) (*source.Listing, error) {
	puller, err := p.connect()
	if err != nil {
		return nil, &source.InputError{Input: input, Err: err}
	}
	l := &source.Listing{Network: true, Paths: transport.Files()}
	references, err := p.find(ctx, puller, strings.TrimPrefix(input, scheme+"://"))
	for i := 0; err == nil && i < len(references); i++ {
		var image *image
		if image, err = open(ctx, puller, references[i]); err == nil {
			l.Candidates = append(l.Candidates, source.Candidate{Item: source.Item{Input: image, Version: image.version}})
		}
	}
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, &source.InputError{Input: input, Err: err}
	}
	return l, nil
}

// find returns the images that an input without its scheme names.
func (p *provider) find(ctx context.Context, puller *remote.Puller, text string) ([]name.Reference, error) {
	opts := []name.Option{name.StrictValidation}
	if p.opts.PlainHTTP {
		opts = append(opts, name.Insecure)
	}
	if strings.Contains(text, "@") {
		digest, err := name.NewDigest(text, opts...)
		return []name.Reference{digest}, err
	}
	folder, last := path.Split(text)
	last, pattern, tagged := strings.Cut(last, ":")
	if folder == "" {
		return nil, errors.New("want oci://REGISTRY/REPOSITORY")
	}
	repository, err := name.NewRepository(folder+last, opts...)
	if err != nil {
		return nil, err
	}
	if tagged && !strings.ContainsAny(pattern, "*?[") {
		tag, err := name.NewTag(text, opts...)
		return []name.Reference{tag}, err
	}
	if !tagged {
		pattern = "*"
	}
	tags, err := puller.List(ctx, repository)
	if err != nil {
		return nil, err
	}
	var found []name.Reference
	for _, tag := range tags {
		switch matches, err := path.Match(pattern, tag); {
		case err != nil:
			return nil, err
		case matches:
			found = append(found, repository.Tag(tag))
		}
	}
	if len(found) == 0 {
		return nil, errors.New("the repository has no such tag")
	}
	return found, nil
}
