//go:build !noduckdb

package duckdb

import (
	"context"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
)

// Template returns the template as it is, and as it would be made now.
func Template(ctx context.Context, tables []*schema.Table, views func() []sinks.View, path string) (is, made []byte, err error) {
	made, err = makeTemplate(ctx, &load{tables: tables, views: views}, path)
	return template, made, err
}
