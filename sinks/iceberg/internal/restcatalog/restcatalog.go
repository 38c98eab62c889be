// Package restcatalog is a client of Iceberg's REST catalogs, as far as a program
// needs that writes tables of its own. (iceberg-go's own has AWS's SDK in it, which
// is larger than all of Iceberg here.)
package restcatalog

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/ckexport/ckexport/sinks/iceberg/internal/catalogs"
	"github.com/ckexport/ckexport/transport"
)

// Client is a client of one catalog.
type Client struct {
	properties *catalogs.Properties
	base       *url.URL
	http       *http.Client
	auth       auth

	// What the catalog's configuration says.
	prefix    string // of paths
	separator string // between levels of namespaces, within a path
}

var _ catalogs.Catalog = (*Client)(nil)

// New returns a client, which sends nothing to the catalog before Configure.
func New(properties *catalogs.Properties) (*Client, error) {
	base, err := parseURL(catalogs.URI, properties.Get(catalogs.URI))
	if err != nil {
		return nil, err
	}
	network, err := transport.New()
	if err != nil {
		return nil, err
	}
	c := &Client{properties: properties, base: base, http: &http.Client{Transport: network}}
	c.auth.client = c
	return c, nil
}

func parseURL(key, text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil: // its text may have a password
		return nil, fmt.Errorf("%s is no URL", key)
	case u.User != nil:
		return nil, fmt.Errorf("%s must hold no name and password", key)
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return nil, fmt.Errorf("%s %q: want http://HOST or https://HOST", key, text)
	}
	return u, nil
}

// Close ends connections that are not in use.
func (c *Client) Close() error {
	c.http.CloseIdleConnections()
	return nil
}

// Configure asks the catalog how it is to be used, which comes before all else. It
// returns the properties of the file with what the catalog says.
func (c *Client) Configure(ctx context.Context) (*catalogs.Properties, error) {
	path := "v1/config"
	if warehouse := c.properties.Get(catalogs.Warehouse); warehouse != "" {
		path += "?" + url.Values{"warehouse": {warehouse}}.Encode()
	}
	var answer struct {
		Defaults  map[string]string `json:"defaults"`
		Overrides map[string]string `json:"overrides"`
	}
	if err := c.send(ctx, http.MethodGet, path, nil, &answer); err != nil {
		return nil, fmt.Errorf("asking for its configuration: %w", err)
	}
	c.properties = c.properties.Merge(answer.Defaults, answer.Overrides)
	base, err := parseURL(catalogs.URI, c.properties.Get(catalogs.URI))
	if err != nil {
		return nil, err
	}
	c.base, c.prefix = base, strings.Trim(c.properties.Get(catalogs.Prefix), "/")
	c.separator = "%1F"
	const key = "namespace-separator"
	for _, from := range []map[string]string{answer.Defaults, answer.Overrides} {
		if text := from[key]; text != "" {
			c.separator = text // it comes as it stands in a path
		}
	}
	return c.properties, nil
}

// target is what a request is for: something in a namespace, or all of these.
type target struct {
	namespace []string
	rest      string // of the path
}

// call asks for something.
func (c *Client) call(ctx context.Context, method string, of target, body, answer any) error {
	path := "v1/"
	if c.prefix != "" {
		path += c.prefix + "/"
	}
	path += "namespaces"
	if len(of.namespace) > 0 {
		levels := make([]string, len(of.namespace))
		for i, level := range of.namespace {
			levels[i] = url.PathEscape(level)
		}
		path += "/" + strings.Join(levels, c.separator)
	}
	return c.send(ctx, method, path+of.rest, body, answer)
}

// Error is what a catalog answered in place of what it was asked for.
type Error struct {
	Status        int
	Type, Message string
}

func (e *Error) Error() string {
	text := fmt.Sprintf("the catalog says %d %s", e.Status, http.StatusText(e.Status))
	if e.Type != "" || e.Message != "" {
		text += fmt.Sprintf(": %s %q", e.Type, e.Message)
	}
	return text
}

// statusOf returns the status of an answer that was an error, 0 for anything else.
func statusOf(err error) int {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Status
	}
	return 0
}
