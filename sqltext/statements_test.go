package sqltext_test

import (
	"slices"
	"testing"

	"github.com/ckexport/ckexport/sqltext"
)

func TestStatements(t *testing.T) {
	for sql, want := range map[string][]string{
		"":                                       nil,
		" ;; -- nothing; at all\n/* ; */":        nil,
		"-- one\n/* or; two */SELECT 1 -- three": {"SELECT 1 -- three"},
		"SELECT 1":                               {"SELECT 1"},
		"SELECT 1; SELECT 2 ;":                   {"SELECT 1", "SELECT 2"},
		"SELECT ';''; '; SELECT \";\"\";\"":      {"SELECT ';''; '", "SELECT \";\"\";\""},
		"SELECT E'\\';' AS a; SELECT 2":          {"SELECT E'\\';' AS a", "SELECT 2"},
		"SELECT 'a\\'; SELECT 2":                 {"SELECT 'a\\'", "SELECT 2"},
		"SELECT like'\\'; SELECT 2":              {"SELECT like'\\'", "SELECT 2"},
		"SELECT $$;$$, $t$;$$;$t$; SELECT 2":     {"SELECT $$;$$, $t$;$$;$t$", "SELECT 2"},
		"SELECT $1; SELECT a$b; SELECT 3":        {"SELECT $1", "SELECT a$b", "SELECT 3"},
		"SELECT 1 -- one; two\n+ 1; SELECT 2":    {"SELECT 1 -- one; two\n+ 1", "SELECT 2"},
		"SELECT 1 /* a /* b; */ ; */; SELECT 2":  {"SELECT 1 /* a /* b; */ ; */", "SELECT 2"},
		"SELECT 'never ends; SELECT 2":           {"SELECT 'never ends; SELECT 2"},
	} {
		if got := sqltext.Statements(sql); !slices.Equal(got, want) {
			t.Errorf("%q: %q; want %q", sql, got, want)
		}
	}
}
