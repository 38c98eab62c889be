package sqltext_test

import (
	"testing"

	"github.com/ckexport/ckexport/sqltext"
)

func TestQuotes(t *testing.T) {
	for got, want := range map[string]string{
		sqltext.Identifier(`a "b" c`):              `"a ""b"" c"`,
		sqltext.Identifiers([]string{"pid", `x"`}): `"pid", "x"""`,
		sqltext.Literal(`it's "so"`):               `'it''s "so"'`,
		sqltext.Literal("a\x00b"):                  `'a' || chr(0) || 'b'`,
		sqltext.Literals([]string{"", "'"}):        `'', ''''`,
		sqltext.Literals(nil):                      "",
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
