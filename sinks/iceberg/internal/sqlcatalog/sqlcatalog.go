// Package sqlcatalog is a client of Iceberg's SQL catalogs, which Iceberg's own
// libraries call JDBC or SQL: tables iceberg_tables and iceberg_namespace_properties
// in SQLite or PostgreSQL. A row tells where the metadata of a table is that counts,
// and whoever changes the row has committed. The metadata's files are written here.
package sqlcatalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"strings"
	"sync"

	icebergio "github.com/apache/iceberg-go/io"

	"github.com/ckexport/ckexport/sinks/iceberg/internal/catalogs"
)

// Client is a client of one catalog.
type Client struct {
	properties *catalogs.Properties
	files      icebergio.WriteFileIO
	database   database
	name       string // catalog_name

	mu    sync.Mutex // for what connect finds
	db    *sql.DB
	kinds bool // iceberg_tables has a column iceberg_type, which older ones lack
}

var _ catalogs.Catalog = (*Client)(nil)

// New returns a client, which uses files for metadata; it does not connect yet.
// Without the right to write, a file of SQLite is not written to.
func New(properties *catalogs.Properties, files icebergio.WriteFileIO, readOnly bool) (*Client, error) {
	c := &Client{properties: properties, files: files, name: properties.Get(catalogs.Name)}
	if c.name == "" {
		c.name = "default"
	}
	var err error
	c.database, err = databaseOf(properties)
	c.database.readOnly = readOnly
	return c, err
}

// Close ends the connections.
func (c *Client) Close() error {
	if c.db == nil {
		return nil
	}
	return c.db.Close()
}

// Path returns that of the database's file; empty for one on a server.
func (c *Client) Path() string { return c.database.path }

// Files are what connecting to a server reads of this machine, as far as it is there.
func (c *Client) Files() []string { return c.database.files() }

// layout is what Iceberg's own libraries make, as their version V1.
var layout = []string{
	`CREATE TABLE IF NOT EXISTS iceberg_tables (
		catalog_name VARCHAR(255) NOT NULL, table_namespace VARCHAR(255) NOT NULL, table_name VARCHAR(255) NOT NULL,
		metadata_location VARCHAR(1000), previous_metadata_location VARCHAR(1000), iceberg_type VARCHAR(5),
		PRIMARY KEY (catalog_name, table_namespace, table_name))`,
	`CREATE TABLE IF NOT EXISTS iceberg_namespace_properties (
		catalog_name VARCHAR(255) NOT NULL, namespace VARCHAR(255) NOT NULL, property_key VARCHAR(255) NOT NULL, property_value VARCHAR(1000),
		PRIMARY KEY (catalog_name, namespace, property_key))`,
}

// connect opens the database. There may be no catalog in it: then the error wraps
// fs.ErrNotExist, unless one is to be made.
func (c *Client) connect(ctx context.Context, make bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.db != nil {
		return nil
	}
	db, err := c.database.open(make)
	if err != nil {
		return err
	}
	err = db.PingContext(ctx)
	if err == nil && make {
		for _, statement := range layout {
			if _, err = db.ExecContext(ctx, statement); err != nil {
				break
			}
		}
	}
	if err != nil {
		return errors.Join(c.explain("connecting", err), db.Close())
	}
	rows, err := db.QueryContext(ctx, "SELECT metadata_location FROM iceberg_tables WHERE 1 = 0")
	if err != nil {
		err = fmt.Errorf("%w: the database has no table iceberg_tables: %w", fs.ErrNotExist, c.explain("looking for it", err))
		return errors.Join(err, db.Close())
	}
	if err := rows.Close(); err != nil {
		return errors.Join(c.explain("connecting", err), db.Close())
	}
	if rows, err := db.QueryContext(ctx, "SELECT iceberg_type FROM iceberg_tables WHERE 1 = 0"); err == nil {
		c.kinds = true
		if err := rows.Close(); err != nil {
			return errors.Join(c.explain("connecting", err), db.Close())
		}
	}
	c.db = db
	return nil
}

// explain says what a database answered, without what is secret.
func (c *Client) explain(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %s", doing, c.properties.Hide(err.Error()))
}

// onlyTables leaves views out.
func (c *Client) onlyTables() string {
	if c.kinds {
		return " AND (iceberg_type = 'TABLE' OR iceberg_type IS NULL)"
	}
	return ""
}

func keyOf(namespace []string) string { return strings.Join(namespace, ".") }

// Tables lists a namespace.
func (c *Client) Tables(ctx context.Context, namespace []string) (names []string, err error) {
	if err := c.connect(ctx, false); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	rows, err := c.db.QueryContext(ctx, c.database.query("SELECT table_name FROM iceberg_tables WHERE catalog_name = ? AND table_namespace = ?"+c.onlyTables()), c.name, keyOf(namespace))
	if err != nil {
		return nil, c.explain("listing tables", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, c.explain("listing tables", err)
		}
		names = append(names, name)
	}
	return names, c.explain("listing tables", rows.Err())
}

// Location returns the one that a namespace has, or has by convention.
func (c *Client) Location(ctx context.Context, namespace []string) (string, error) {
	err := c.connect(ctx, false)
	if err == nil {
		var location string
		err = c.db.QueryRowContext(ctx, c.database.query("SELECT property_value FROM iceberg_namespace_properties WHERE catalog_name = ? AND namespace = ? AND property_key = 'location'"), c.name, keyOf(namespace)).Scan(&location)
		if err == nil && location != "" {
			return strings.TrimSuffix(location, "/"), nil
		}
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return "", c.explain("looking at the namespace", err)
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	warehouse, err := warehouseOf(c.properties)
	if err != nil {
		return "", err
	}
	return warehouse + "/" + url.PathEscape(keyOf(namespace)) + ".db", nil
}

// warehouseOf returns where tables are made.
func warehouseOf(p *catalogs.Properties) (string, error) {
	warehouse := strings.TrimSuffix(p.Get(catalogs.Warehouse), "/")
	switch {
	case warehouse == "":
		return "", fmt.Errorf("%s: no property %s, which says where new tables lie", p.Path, catalogs.Warehouse)
	case strings.HasPrefix(warehouse, "file:"), strings.Contains(warehouse, "://"):
		return warehouse, nil
	}
	local, err := p.PathOf(warehouse)
	if err != nil {
		return "", err
	}
	return (&url.URL{Scheme: "file", Path: path.Clean(local)}).String(), nil
}
