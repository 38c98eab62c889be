//go:build !noiceberg

package iceberg

import (
	"context"
	"fmt"
	"os"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/contents"
	"github.com/ckexport/ckexport/sinks/internal/ledger"
	"github.com/ckexport/ckexport/sinks/internal/local"
)

// peekLedger reads the ledger of the output at path, to which a run may commit
// meanwhile, or that it may replace.
func peekLedger(ctx context.Context, path string, opts sinks.Options) (*sinks.Ledger, error) {
	return local.Peek(path, func(os.FileInfo) (*sinks.Ledger, error) {
		w, err := examine(path, path)
		if w == nil || err != nil {
			return sinks.NewLedger(), err
		}
		if !opts.Overwrite {
			if err := w.contents.Admit(path, opts, contents.Kept(opts.Tables)); err != nil {
				return nil, err
			}
		}
		if w.contents.SchemaVersion != schema.Version { // it has none of this version's runs
			return sinks.NewLedger(), nil
		}
		tables, err := w.contents.Known(path)
		if err != nil {
			return nil, err
		}
		built := ledger.New()
		for _, t := range tables {
			if err := w.readLedger(ctx, built, t); err != nil {
				return nil, fmt.Errorf("reading the ledger of %q: %w", path, err)
			}
		}
		return built.Ledger, nil
	})
}
