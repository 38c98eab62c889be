// Package catalogs says what a catalog is that a server or a database keeps, and
// reads the properties that tell where it is.
package catalogs

import (
	"context"
	"errors"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// ErrUnsure says that nobody knows whether a change was made, as its answer was
// lost. table.ErrCommitFailed says that it was not, and what it builds upon was
// changed; fs.ErrNotExist and fs.ErrExist mean tables.
var ErrUnsure = errors.New("it is not known whether the catalog made the change")

// Catalog keeps tables: for each the metadata that counts.
type Catalog interface {
	// Tables returns the names of the tables in a namespace, none where that does
	// not exist.
	Tables(ctx context.Context, namespace []string) ([]string, error)
	// Location returns where the files of a namespace's tables will be, empty where
	// only the catalog knows.
	Location(ctx context.Context, namespace []string) (string, error)
	Load(ctx context.Context, of table.Identifier) (*Table, error)
	// Create makes a table, and its namespace if need be.
	Create(ctx context.Context, of table.Identifier, like Definition) (*Table, error)
	// Commit makes changes, if all requirements are met.
	Commit(ctx context.Context, of table.Identifier, requirements []table.Requirement, updates []table.Update) (*Table, error)
	// Drop forgets a table. Its files stay.
	Drop(ctx context.Context, of table.Identifier) error
	Close() error
}

// Table is what a catalog says of a table.
type Table struct {
	Metadata         table.Metadata
	MetadataLocation string
	// Config says how its files are reached, with the keys of properties, by the
	// beginning of their locations.
	Config map[string]map[string]string
}

// Definition is what a table is made with.
type Definition struct {
	Schema     *iceberg.Schema
	Order      table.SortOrder
	Properties iceberg.Properties
}
