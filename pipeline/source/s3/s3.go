// Package s3 finds and reads archives in object stores with the interface of S3:
// AWS, MinIO, Ceph, Google Cloud Storage and others.
package s3

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/pipeline/source/transport"
)

const scheme = "s3"

// Options say where the object store is.
type Options struct {
	Endpoint string // http or https and a host; empty for AWS
	Region   string // empty where the store is to be asked
}

// New returns the provider of s3://BUCKET, s3://BUCKET/PREFIX, s3://BUCKET/KEY and
// patterns of keys. It connects when it is first used.
func New(opts Options) source.Provider {
	return &provider{connect: sync.OnceValues(func() (*minio.Core, error) { return connect(opts) })}
}

type provider struct {
	connect func() (*minio.Core, error)
}

func (*provider) Scheme() string { return scheme }

// maxAttempts is how often a request is tried, or a range of an object is begun
// again. With the waits between, that is several seconds.
const maxAttempts = 6

const awsEndpoint = "https://s3.amazonaws.com"

// connect returns a client; it sends nothing to the store yet.
func connect(opts Options) (*minio.Core, error) {
	endpoint, err := parseEndpoint(opts.Endpoint)
	if err != nil {
		return nil, err
	}
	network, err := transport.New()
	if err != nil {
		return nil, err
	}
	creds, err := findCredentials(network)
	if err != nil {
		return nil, err
	}
	lookup := minio.BucketLookupPath
	if opts.Endpoint == "" {
		lookup = minio.BucketLookupAuto
	}
	client, err := minio.NewCore(endpoint.Host, &minio.Options{
		Creds: creds, Secure: endpoint.Scheme == "https", Transport: network, Region: opts.Region, BucketLookup: lookup, MaxRetries: maxAttempts,
	})
	if err != nil {
		return nil, fmt.Errorf("endpoint %q: %w", endpoint, err)
	}
	return client, nil
}

func parseEndpoint(text string) (*url.URL, error) {
	if text == "" {
		text = awsEndpoint
	}
	endpoint, err := url.Parse(text)
	switch {
	case err != nil: // its text has what was given, which may be a password
		return nil, errors.New("the endpoint is no URL")
	case endpoint.User != nil:
		return nil, errors.New("the endpoint must hold no name and password")
	case endpoint.Scheme != "http" && endpoint.Scheme != "https", endpoint.Host == "", strings.Trim(endpoint.Path, "/") != "", endpoint.RawQuery != "":
		return nil, fmt.Errorf("endpoint %q: want http://HOST or https://HOST", text)
	}
	return endpoint, nil
}

// findCredentials asks the usual places in their usual order: the environment,
// files, and the metadata service of a cloud. Where none has any, requests are
// not signed: some buckets are public.
func findCredentials(network http.RoundTripper) (*credentials.Credentials, error) {
	metadata := &http.Client{Transport: network, Timeout: 5 * time.Second} // it answers soon, or is not there
	creds := credentials.NewChainCredentials([]credentials.Provider{
		&credentials.EnvAWS{}, &credentials.EnvMinio{}, &credentials.FileAWSCredentials{}, &credentials.FileMinioClient{},
		&credentials.IAM{Client: metadata},
	})
	found, err := creds.GetWithContext(&credentials.CredContext{Client: metadata})
	if err != nil {
		return nil, fmt.Errorf("looking for credentials: %w", err)
	}
	if found.AccessKeyID == "" {
		// the chain would search again for each request
		return credentials.NewStaticV4("", "", ""), nil
	}
	return creds, nil
}

// tokenFolders returns where tokens are, for which clouds give credentials again
// and again. The files themselves are replaced.
func tokenFolders() []string {
	var folders []string
	for _, variable := range []string{"AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"} {
		if path := os.Getenv(variable); path != "" {
			folders = append(folders, filepath.Dir(path))
		}
	}
	return folders
}

// List lists objects by pages. An input that is the key of an object names this
// object only, and else all objects whose keys begin so.
func (p *provider) List(ctx context.Context, input string) (*source.Listing, error) {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(input, scheme+"://"), "/")
	if bucket == "" {
		return nil, &source.InputError{Input: input, Err: errors.New("want s3://BUCKET/PREFIX")}
	}
	client, err := p.connect()
	if err != nil {
		return nil, &source.InputError{Input: input, Err: err}
	}
	l := &source.Listing{Network: true, Paths: append(transport.Files(), tokenFolders()...)}
	l.Candidates, err = find(ctx, client, bucket, key)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, &source.InputError{Input: input, Err: err}
	}
	return l, nil
}
