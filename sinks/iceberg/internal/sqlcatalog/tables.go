package sqlcatalog

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
	"github.com/google/uuid"

	"github.com/ckexport/ckexport/sinks/iceberg/internal/catalogs"
)

// location returns where the metadata of a table is.
func (c *Client) location(ctx context.Context, of table.Identifier) (string, error) {
	if err := c.connect(ctx, false); err != nil {
		return "", err
	}
	var location sql.NullString
	err := c.db.QueryRowContext(ctx, c.database.query("SELECT metadata_location FROM iceberg_tables WHERE catalog_name = ? AND table_namespace = ? AND table_name = ?"+c.onlyTables()),
		c.name, keyOf(of[:len(of)-1]), of[len(of)-1]).Scan(&location)
	if errors.Is(err, sql.ErrNoRows) || err == nil && location.String == "" {
		return "", fmt.Errorf("the catalog has no such table: %w", fs.ErrNotExist)
	}
	return location.String, c.explain("looking for the table", err)
}

// Load reads the metadata of a table.
func (c *Client) Load(ctx context.Context, of table.Identifier) (*catalogs.Table, error) {
	location, err := c.location(ctx, of)
	if err != nil {
		return nil, err
	}
	f, err := c.files.Open(location)
	if err != nil {
		return nil, fmt.Errorf("reading metadata: %w", err)
	}
	data, err := io.ReadAll(f)
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("reading metadata: %w", err)
	}
	metadata, err := table.ParseMetadataBytes(data)
	if err != nil {
		return nil, fmt.Errorf("reading metadata %q: %w", location, err)
	}
	return &catalogs.Table{Metadata: metadata, MetadataLocation: location}, nil
}

// nameOf returns the name of a file for version n of metadata, which no other has.
func nameOf(location string, n int) string {
	return fmt.Sprintf("%s/metadata/%05d-%s.metadata.json", strings.TrimSuffix(location, "/"), n, uuid.New())
}

// versionOf returns the version of metadata by the name of its file.
func versionOf(location string) int {
	number, _, _ := strings.Cut(path.Base(location), "-")
	n, _ := strconv.Atoi(number) // other programs may name it as they like
	return n
}

func (c *Client) write(location string, metadata table.Metadata) error {
	data, err := json.Marshal(metadata)
	if err == nil {
		err = c.files.WriteFile(location, data)
	}
	if err != nil {
		return fmt.Errorf("writing metadata: %w", err)
	}
	return nil
}

// Create makes a table. Another one of the name may be made meanwhile.
func (c *Client) Create(ctx context.Context, of table.Identifier, like catalogs.Definition) (*catalogs.Table, error) {
	if err := c.connect(ctx, true); err != nil {
		return nil, err
	}
	namespace, name := of[:len(of)-1], of[len(of)-1]
	in, err := c.Location(ctx, namespace)
	if err != nil {
		return nil, err
	}
	// What is left of a table of the name that was dropped is not mixed with this one's.
	metadata, err := table.NewMetadata(like.Schema, iceberg.UnpartitionedSpec, like.Order, in+"/"+name, like.Properties)
	if err != nil {
		return nil, fmt.Errorf("making metadata: %w", err)
	}
	t := &catalogs.Table{Metadata: metadata, MetadataLocation: nameOf(metadata.Location(), 0)}
	if err := c.write(t.MetadataLocation, metadata); err != nil {
		return nil, err
	}
	columns, values := "catalog_name, table_namespace, table_name, metadata_location", "?, ?, ?, ?"
	if c.kinds {
		columns, values = columns+", iceberg_type", values+", 'TABLE'"
	}
	result, err := c.db.ExecContext(ctx, c.database.query("INSERT INTO iceberg_tables ("+columns+") VALUES ("+values+") ON CONFLICT DO NOTHING"), c.name, keyOf(namespace), name, t.MetadataLocation)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", catalogs.ErrUnsure, c.explain("making the table", err))
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return nil, errors.Join(fmt.Errorf("the catalog has the table: %w", fs.ErrExist), err, c.files.Remove(t.MetadataLocation))
	}
	// Who lists namespaces looks for their properties; "exists" is the one of those that have none.
	_, err = c.db.ExecContext(ctx, c.database.query("INSERT INTO iceberg_namespace_properties (catalog_name, namespace, property_key, property_value) VALUES (?, ?, 'exists', 'true') ON CONFLICT DO NOTHING"), c.name, keyOf(namespace))
	return t, c.explain("making the namespace", err)
}

// Commit writes new metadata, and has the catalog name it in place of what it was
// made from.
func (c *Client) Commit(ctx context.Context, of table.Identifier, requirements []table.Requirement, updates []table.Update) (*catalogs.Table, error) {
	now, err := c.Load(ctx, of)
	if err != nil {
		return nil, err
	}
	for _, r := range requirements {
		if err := r.Validate(now.Metadata); err != nil {
			return nil, fmt.Errorf("%w: %w", table.ErrCommitFailed, err)
		}
	}
	metadata, err := table.UpdateTableMetadata(now.Metadata, updates, now.MetadataLocation)
	if err != nil {
		return nil, fmt.Errorf("making metadata: %w", err)
	}
	next := &catalogs.Table{Metadata: metadata, MetadataLocation: nameOf(metadata.Location(), versionOf(now.MetadataLocation)+1)}
	if err := c.write(next.MetadataLocation, metadata); err != nil {
		return nil, err
	}
	result, err := c.db.ExecContext(ctx, c.database.query("UPDATE iceberg_tables SET metadata_location = ?, previous_metadata_location = ? WHERE catalog_name = ? AND table_namespace = ? AND table_name = ? AND metadata_location = ?"),
		next.MetadataLocation, now.MetadataLocation, c.name, keyOf(of[:len(of)-1]), of[len(of)-1], now.MetadataLocation)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", catalogs.ErrUnsure, c.explain("committing", err))
	}
	n, err := result.RowsAffected()
	if err != nil || n == 0 {
		return nil, errors.Join(fmt.Errorf("%w: another one came first", table.ErrCommitFailed), err, c.files.Remove(next.MetadataLocation))
	}
	return next, c.removeOld(now.Metadata, metadata)
}

// removeOld removes the versions that metadata no longer names, if the table wants
// that.
func (c *Client) removeOld(before, after table.Metadata) error {
	if after.Properties()[table.MetadataDeleteAfterCommitEnabledKey] != "true" {
		return nil
	}
	for old := range before.PreviousFiles() {
		isNamed := false
		for kept := range after.PreviousFiles() {
			isNamed = isNamed || kept.MetadataFile == old.MetadataFile
		}
		if isNamed {
			continue
		}
		if err := c.files.Remove(old.MetadataFile); err != nil {
			return fmt.Errorf("removing an old version: %w", err)
		}
	}
	return nil
}

// Drop forgets a table.
func (c *Client) Drop(ctx context.Context, of table.Identifier) error {
	if err := c.connect(ctx, false); err != nil {
		return err
	}
	_, err := c.db.ExecContext(ctx, c.database.query("DELETE FROM iceberg_tables WHERE catalog_name = ? AND table_namespace = ? AND table_name = ?"), c.name, keyOf(of[:len(of)-1]), of[len(of)-1])
	return c.explain("dropping the table", err)
}
