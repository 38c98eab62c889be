package restcatalog

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"github.com/ckexport/ckexport/sinks/iceberg/internal/catalogs"
)

// Tables lists a namespace, by pages.
func (c *Client) Tables(ctx context.Context, namespace []string) ([]string, error) {
	var names []string
	for page := ""; ; {
		var answer struct {
			Identifiers []struct{ Name string } `json:"identifiers"`
			Next        string                  `json:"next-page-token"`
		}
		err := c.call(ctx, http.MethodGet, target{namespace, "/tables?" + url.Values{"pageToken": {page}}.Encode()}, nil, &answer)
		if statusOf(err) == http.StatusNotFound {
			return nil, nil
		} else if err != nil {
			return nil, err
		}
		for _, one := range answer.Identifiers {
			names = append(names, one.Name)
		}
		if answer.Next == "" || answer.Next == page {
			return names, nil
		}
		page = answer.Next
	}
}

// Location asks for the one that a namespace has as a property.
func (c *Client) Location(ctx context.Context, namespace []string) (string, error) {
	var answer struct {
		Properties map[string]string `json:"properties"`
	}
	err := c.call(ctx, http.MethodGet, target{namespace: namespace}, nil, &answer)
	if err != nil && statusOf(err) != http.StatusNotFound {
		return "", err
	}
	return answer.Properties["location"], nil
}

func tableTarget(of table.Identifier) target {
	return target{of[:len(of)-1], "/tables/" + url.PathEscape(of[len(of)-1])}
}

// loaded is what a catalog says of a table.
type loaded struct {
	Location    string            `json:"metadata-location"`
	Metadata    json.RawMessage   `json:"metadata"`
	Config      map[string]string `json:"config"`
	Credentials []struct {
		Prefix string            `json:"prefix"`
		Config map[string]string `json:"config"`
	} `json:"storage-credentials"`
}

func (l *loaded) table() (*catalogs.Table, error) {
	metadata, err := table.ParseMetadataBytes(l.Metadata)
	if err != nil {
		return nil, fmt.Errorf("the metadata of the catalog's answer: %w", err)
	}
	t := &catalogs.Table{Metadata: metadata, MetadataLocation: l.Location, Config: map[string]map[string]string{}}
	if len(l.Config) > 0 {
		t.Config[metadata.Location()] = l.Config
	}
	for _, c := range l.Credentials {
		t.Config[c.Prefix] = c.Config
	}
	return t, nil
}

// Load asks for a table as it is now.
func (c *Client) Load(ctx context.Context, of table.Identifier) (*catalogs.Table, error) {
	var answer loaded
	err := c.call(ctx, http.MethodGet, tableTarget(of), nil, &answer)
	if statusOf(err) == http.StatusNotFound {
		return nil, fmt.Errorf("%w: %w", fs.ErrNotExist, err)
	} else if err != nil {
		return nil, err
	}
	return answer.table()
}

// Create makes a table.
func (c *Client) Create(ctx context.Context, of table.Identifier, like catalogs.Definition) (*catalogs.Table, error) {
	namespace := of[:len(of)-1]
	for level := range namespace {
		if err := c.makeNamespace(ctx, namespace[:level+1]); err != nil {
			return nil, err
		}
	}
	request := struct {
		Name       string                 `json:"name"`
		Schema     *iceberg.Schema        `json:"schema"`
		Spec       *iceberg.PartitionSpec `json:"partition-spec"`
		Order      *table.SortOrder       `json:"write-order"`
		Properties iceberg.Properties     `json:"properties"`
	}{of[len(of)-1], like.Schema, iceberg.UnpartitionedSpec, &like.Order, like.Properties}
	var answer loaded
	err := c.call(ctx, http.MethodPost, target{namespace, "/tables"}, request, &answer)
	switch status := statusOf(err); {
	case status == http.StatusConflict:
		return nil, fmt.Errorf("%w: %w", fs.ErrExist, err)
	case isUnsure(status, err):
		return nil, fmt.Errorf("%w: %w", catalogs.ErrUnsure, err)
	case err != nil:
		return nil, err
	}
	return answer.table()
}

func (c *Client) makeNamespace(ctx context.Context, namespace []string) error {
	err := c.call(ctx, http.MethodGet, target{namespace: namespace}, nil, nil)
	if statusOf(err) != http.StatusNotFound {
		if err != nil {
			return fmt.Errorf("looking at the namespace: %w", err)
		}
		return nil
	}
	request := map[string]any{"namespace": namespace, "properties": map[string]string{}}
	err = c.call(ctx, http.MethodPost, target{}, request, nil)
	if err != nil && statusOf(err) != http.StatusConflict { // another run made it
		return fmt.Errorf("making the namespace: %w", err)
	}
	return nil
}

// Commit makes changes to a table.
func (c *Client) Commit(ctx context.Context, of table.Identifier, requirements []table.Requirement, updates []table.Update) (*catalogs.Table, error) {
	if requirements == nil {
		requirements = []table.Requirement{}
	}
	request := map[string]any{
		"identifier":   map[string]any{"namespace": of[:len(of)-1], "name": of[len(of)-1]},
		"requirements": requirements, "updates": updates,
	}
	var answer loaded
	err := c.call(ctx, http.MethodPost, tableTarget(of), request, &answer)
	switch status := statusOf(err); {
	case status == http.StatusConflict:
		return nil, fmt.Errorf("%w: %w", table.ErrCommitFailed, err)
	case status == http.StatusNotFound:
		return nil, fmt.Errorf("%w: %w", fs.ErrNotExist, err)
	case isUnsure(status, err):
		return nil, fmt.Errorf("%w: %w", catalogs.ErrUnsure, err)
	case err != nil:
		return nil, err
	}
	return answer.table()
}

// isUnsure tells whether a request may have done what it asked for, though there is
// no answer that says so.
func isUnsure(status int, err error) bool {
	return err != nil && (status == 0 || status >= 500)
}

// Drop forgets a table.
func (c *Client) Drop(ctx context.Context, of table.Identifier) error {
	at := tableTarget(of)
	at.rest += "?purgeRequested=false"
	err := c.call(ctx, http.MethodDelete, at, nil, nil)
	if statusOf(err) == http.StatusNotFound {
		return nil
	}
	return err
}
