// Package objectstore is a client of object stores with the interface of S3: AWS,
// MinIO, Ceph, Google Cloud Storage and others. It finds credentials, tries again
// what fails for a moment, and explains what does not. Nothing of it tells a
// secret.
package objectstore

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/ckexport/ckexport/transport"
)

// Scheme is that of the URLs of objects.
const Scheme = "s3"

// Options say where the object store is.
type Options struct {
	Endpoint string // http or https and a host; empty for AWS
	Region   string // empty where the store is to be asked
	Keys            // those to sign with; without any they are looked for
	// ByHost says that buckets are names of hosts, ByPath that they begin paths;
	// with neither, AWS has the first and others the second.
	ByHost, ByPath bool
}

// Keys are credentials.
type Keys struct{ ID, Secret, SessionToken string }

// MaxAttempts is how often a request is tried: over some four seconds where nobody
// answers, as minio-go waits, and over eleven where connections break amid an object. A
// store that is started again should cost no archive.
const MaxAttempts = 10

const awsEndpoint = "https://s3.amazonaws.com"

// Store is an object store.
type Store struct{ client *minio.Core }

// Connect returns a client; it sends nothing to the store yet.
func Connect(opts Options) (*Store, error) {
	endpoint, err := parseEndpoint(opts.Endpoint)
	if err != nil {
		return nil, err
	}
	network, err := transport.New()
	if err != nil {
		return nil, err
	}
	creds := credentials.NewStaticV4(opts.ID, opts.Secret, opts.SessionToken)
	if (opts.Keys == Keys{}) {
		if creds, err = findCredentials(network); err != nil {
			return nil, err
		}
	}
	lookup := minio.BucketLookupPath
	switch {
	case opts.ByHost:
		lookup = minio.BucketLookupDNS
	case opts.Endpoint == "" && !opts.ByPath:
		lookup = minio.BucketLookupAuto
	}
	client, err := minio.NewCore(endpoint.Host, &minio.Options{
		Creds: creds, Secure: endpoint.Scheme == "https", Transport: network, Region: opts.Region, BucketLookup: lookup, MaxRetries: MaxAttempts,
	})
	if err != nil {
		return nil, fmt.Errorf("endpoint %q: %w", endpoint, err)
	}
	return &Store{client}, nil
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

// Files are what requests may read of this machine at any time: what resolves
// names, and the folders of tokens for which clouds give credentials again and
// again. The token files themselves are replaced.
func Files() []string {
	files := transport.Files()
	for _, variable := range []string{"AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"} {
		if path := os.Getenv(variable); path != "" {
			files = append(files, filepath.Dir(path))
		}
	}
	return files
}

// Split returns the bucket and the key, or prefix of keys, of a URL.
func Split(url string) (bucket, key string) {
	if scheme, rest, ok := strings.Cut(url, "://"); ok && strings.EqualFold(scheme, Scheme) {
		url = rest
	}
	bucket, key, _ = strings.Cut(url, "/")
	return bucket, key
}

// URL returns that of an object.
func URL(bucket, key string) string { return Scheme + "://" + bucket + "/" + key }
