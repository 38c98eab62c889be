package parquet

import (
	"context"
	"fmt"
	"os"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/contents"
	"github.com/ckexport/ckexport/sinks/internal/local"
)

// peekLedger reads the ledger of the output at path, which a run may replace
// meanwhile.
func peekLedger(ctx context.Context, path string, opts sinks.Options) (*sinks.Ledger, error) {
	return local.Peek(path, func(info os.FileInfo) (*sinks.Ledger, error) {
		m, err := examine(path, path, info)
		if m == nil || err != nil {
			return sinks.NewLedger(), err
		}
		kept := opts.Tables
		if len(kept) > 1 || info.IsDir() {
			kept = contents.Kept(kept)
		}
		if !opts.Overwrite {
			if err := m.contents().Admit(path, opts, kept); err != nil {
				return nil, err
			}
		}
		switch {
		case m.SchemaVersion != schema.Version: // it has none of this version's runs
			return sinks.NewLedger(), nil
		case !info.IsDir():
			return fileLedger(path)
		}
		tables, err := m.contents().Known(path)
		if err != nil {
			return nil, err
		}
		l, err := m.ledger(ctx, path, tables)
		if err != nil {
			return nil, fmt.Errorf("reading the ledger of %q: %w", path, err)
		}
		return l, nil
	})
}
