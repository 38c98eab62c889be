package report

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/ckexport/ckexport/findings"
	"github.com/ckexport/ckexport/lazyregexp"
	"github.com/ckexport/ckexport/plain"
)

const checkpointID = "checkpoint_id"

// gatherer asks an output.
type gatherer struct {
	db   *findings.Database
	opts Options
	// found has what detections found in each checkpoint.
	found map[string]*found
}

func newGatherer(ctx context.Context, db *sql.DB, opts Options) (*gatherer, error) {
	open, err := findings.Open(ctx, db)
	return &gatherer{db: open, opts: opts, found: map[string]*found{}}, err
}

// ask runs SQL and returns its rows as a table; or, where the output lacks one
// of the tables, a table that says so.
func (g *gatherer) ask(ctx context.Context, caption, query string, needs []string, rows int) (Table, error) {
	if missing := g.db.Missing(needs); missing != "" {
		return Table{Caption: caption, Missing: missing}, nil
	}
	var b *tableBuilder
	err := g.db.Read(ctx, query, func(names []string, values []any) error {
		if b == nil {
			b = newTable(caption, g.command(query), names, rows, tableBytes)
		}
		b.add(values)
		return nil
	})
	if err != nil {
		return Table{}, fmt.Errorf("%s: %w", strings.ToLower(caption), err)
	}
	if b == nil {
		return Table{Caption: caption}, nil
	}
	return b.table(), nil
}

// command returns the command that runs a query, by its name or as SQL.
func (g *gatherer) command(query string) string {
	command := "ckexport query "
	for _, input := range g.opts.Inputs {
		if strings.HasPrefix(input, "-") { // or it would be taken for a flag
			input = "./" + input
		}
		command += shellWord(input) + " "
	}
	return command + shellWord(strings.Join(strings.Fields(query), " "))
}

var (
	plainWord   = lazyregexp.New(`^[A-Za-z0-9_./:@%+,=-]+$`)
	notInQuotes = "\"$`\\!"
)

// shellWord quotes a word for a shell, where it must be.
func shellWord(s string) string {
	s = plain.Printable(s)
	switch {
	case plainWord().MatchString(s):
		return s
	case !strings.ContainsAny(s, notInQuotes):
		return `"` + s + `"`
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// column returns the place of a column, -1 if there is none.
func column(names []string, name string) int { return slices.Index(names, name) }
