package queries

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

const header = `-- title: A title
-- question: What is there?
-- audience: responder, on-call
-- severity: low
-- attack: T1059.004 Unix Shell
-- param: at_least BIGINT = 2 | fewest
-- param: named VARCHAR = it's | name
-- column: a | a thing
-- column: b | another
-- key: a
-- tables: processes, checkpoints
-- description: One line,
-- description: and another.

-- a comment with '$other' and $more
SELECT a, '$x ''quoted' AS b, "$y" FROM processes WHERE a >= $at_least AND b = $named AND c ~ '^a$';
`

func TestParse(t *testing.T) {
	q, err := parse(header)
	if err != nil {
		t.Fatal(err)
	}
	q.Name = "example"
	text, err := q.Bind(map[string]string{"named": "a'; DROP TABLE processes --"})
	if err != nil {
		t.Fatal(err)
	}
	for _, pair := range [][2]any{
		{q.Severity, "low"}, {q.Description, "One line, and another."}, {q.Audience, []string{"responder", "on-call"}}, {q.Tables, []string{"processes", "checkpoints"}},
		{q.Attack, []Technique{{"T1059.004", "Unix Shell"}}}, {q.Attack[0].URL(), "https://attack.mitre.org/techniques/T1059/004/"},
		{q.Columns, []Column{{"a", "a thing"}, {"b", "another"}}}, {q.Params[1], Param{"named", "VARCHAR", "it's", "name"}},
		{q.MacroParams(), []string{"at_least := CAST('2' AS BIGINT)", "named := CAST('it''s' AS VARCHAR)"}},
		{q.MacroSQL(), "-- a comment with '$other' and $more\nSELECT a, '$x ''quoted' AS b, \"$y\" FROM processes WHERE a >= at_least AND b = named AND c ~ '^a$'"},
		{text, "-- a comment with '$other' and $more\nSELECT a, '$x ''quoted' AS b, \"$y\" FROM processes WHERE a >= CAST('2' AS BIGINT) AND b = CAST('a''; DROP TABLE processes --' AS VARCHAR) AND c ~ '^a$'"},
	} {
		if diff := cmp.Diff(pair[1], pair[0]); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func TestParseMistakes(t *testing.T) {
	for _, test := range []struct{ old, new, want string }{
		{"-- title: A title", "-- title", "not key: value"},
		{"-- title: A title", "-- title: A\n-- title: B", "given twice"},
		{"-- title: A title\n", "", "all needed"},
		{"-- severity: low", "-- severity: grave", `"grave" is none of high, medium, low, info`},
		{"-- severity: low\n", "", "needs a severity"},
		{"-- key: a\n", "", "needs a key"},
		{"-- key: a", "-- key: c", "key column c"},
		{"responder, on-call", "everybody", `"everybody" is none of`},
		{"T1059.004 Unix", "1059 Unix", "is not an id"},
		{"-- title: A title", "-- titel: A title", "header key titel: no such key"},
		{"a | a thing", "a thing", "is not name | meaning"},
		{"b | another", "a | another", "listed twice"},
		{"BIGINT = 2", "BIGINT = two", `"two" is not a whole number`},
		{"BIGINT = 2", "INTERVAL = 2", "is none of VARCHAR"},
		{"at_least BIGINT = 2", "at_least = 2", "is not name TYPE = default | meaning"},
		{"at_least BIGINT", "a BIGINT", "or is a column too"},
		{"$at_least", "3", "has no $at_least"},
		{"-- param: named VARCHAR = it's | name\n", "", "no parameter named"},
	} {
		if !strings.Contains(header, test.old) {
			t.Fatalf("the header has no %q", test.old)
		}
		_, err := parse(strings.Replace(header, test.old, test.new, 1))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q for %q: got %v, want %q", test.new, test.old, err, test.want)
		}
	}
}

func TestBindMistakes(t *testing.T) {
	q, err := parse(header)
	if err != nil {
		t.Fatal(err)
	}
	q.Params = append(q.Params, Param{Name: "ratio", Type: "DOUBLE", Default: "1"}, Param{Name: "all", Type: "BOOLEAN", Default: "true"})
	for name, value := range map[string]string{"at_least": "1 OR true", "nonsense": "1", "named": "a\x00b", "ratio": "inf", "all": "yes"} {
		var wrong *ParamError
		if _, err := q.Bind(map[string]string{name: value}); !errors.As(err, &wrong) || wrong.Param != name {
			t.Errorf("%s=%s: got %v", name, value, err)
		}
	}
}

// TestOrder checks that queries come behind those they build on.
func TestOrder(t *testing.T) {
	file := func(uses string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte(strings.Replace(header, "-- tables:", uses+"-- tables:", 1))}
	}
	all, err := loadAll(fstest.MapFS{"inventory/b.sql": file("-- uses: c\n"), "network/c.sql": file("-- uses: d\n"), "network/d.sql": file(""), "change/a.sql": file("")})
	var names []string
	for _, q := range all {
		names = append(names, q.Group+"/"+q.Name)
	}
	if diff := cmp.Diff([]string{"network/d", "change/a", "network/c", "inventory/b"}, names); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for _, fsys := range []fstest.MapFS{
		{"inventory/a.sql": file("-- uses: b\n"), "inventory/b.sql": file("-- uses: a\n")},
		{"inventory/a.sql": file("-- uses: missing\n")},
		{"inventory/a.sql": file(""), "network/a.sql": file("")},
	} {
		if all, err := loadAll(fsys); err == nil {
			t.Errorf("%v is taken", all)
		}
	}
}
