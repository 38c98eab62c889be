package redact

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/ckexport/ckexport/schema"
)

// policyAll names all policies together.
const policyAll = "all"

// Policy says which values are replaced.
type Policy struct {
	names   []string // of policies, in the schema's order
	rules   []string // of rule files, sorted
	targets []*target
}

// target is a group of columns that hold one fact, and when it is replaced.
type target struct {
	table   *schema.Table
	columns []*schema.Column // the first is the text form
	cases   []condition      // any of them suffices
}

// condition says which part of a row's value is replaced, and in which rows.
type condition struct {
	form schema.Form
	// where is a column of the row whose text must match pattern; nil for
	// every row. For assignments without where, pattern is for their names.
	where   *schema.Column
	pattern *regexp.Regexp
}

// always reports whether the whole value is replaced in every row.
func (t *target) always() bool {
	return slices.ContainsFunc(t.cases, func(c condition) bool { return c.form == schema.FormWhole && c.where == nil })
}

// ParsePolicy reads what --redact takes: names of policies, all, and paths of
// rule files, which are read as open opens them.
func ParsePolicy(parts []string, open func(path string) (io.ReadCloser, error)) (*Policy, error) {
	p := &Policy{}
	for _, part := range parts {
		switch part = strings.TrimSpace(part); {
		case part == "":
		case p.takeName(part):
		default:
			if err := p.takeFile(part, open); err != nil {
				return nil, err
			}
		}
	}
	if len(p.targets) == 0 {
		return nil, fmt.Errorf("no policy: want %s, %s, or the path of a rule file", strings.Join(schema.Policies(), ", "), policyAll)
	}
	slices.SortFunc(p.names, func(a, b string) int { return slices.Index(schema.Policies(), a) - slices.Index(schema.Policies(), b) })
	p.names = slices.Compact(p.names)
	slices.Sort(p.rules)
	p.rules = slices.Compact(p.rules)
	return p, nil
}

// String returns the policy in a form that is the same for the same policy.
func (p *Policy) String() string {
	names := p.names
	if len(names) == len(schema.Policies()) {
		names = []string{policyAll}
	}
	return strings.Join(append(slices.Clip(names), p.rules...), ", ")
}

// has reports whether the policy of that name is part of p.
func (p *Policy) has(name string) bool { return slices.Contains(p.names, name) }

// takeName adds the policy of that name, if there is one.
func (p *Policy) takeName(name string) bool {
	switch {
	case name == policyAll:
		for _, n := range schema.Policies() {
			p.takeName(n)
		}
		return true
	case !slices.Contains(schema.Policies(), name):
		return false
	}
	p.names = append(p.names, name)
	for _, t := range schema.Tables() {
		for i := range t.Columns {
			for _, s := range t.Columns[i].Sensitive {
				if s.Policy == name {
					p.add(t, &t.Columns[i], condition{form: s.Form})
				}
			}
		}
	}
	return true
}

// takeFile adds the rules of a file.
func (p *Policy) takeFile(path string, open func(path string) (io.ReadCloser, error)) error {
	f, err := open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%q is neither a policy (%s, %s) nor a rule file", path, strings.Join(schema.Policies(), ", "), policyAll)
	} else if err != nil {
		return fmt.Errorf("reading rules: %w", err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		rule := strings.TrimSpace(lines.Text())
		if rule == "" || rule[0] == '#' || p.takeName(rule) {
			continue
		}
		if err := p.takeRule(rule); err != nil {
			return fmt.Errorf("rule file %q, line %d: %w", path, n, err)
		}
		p.rules = append(p.rules, rule)
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("reading rules: %w", err)
	}
	return nil
}

// takeRule adds one rule: TABLE.COLUMN, with * and ? in both, and then if
// wanted: where COLUMN=PATTERN.
func (p *Policy) takeRule(rule string) error {
	what, when, conditional := strings.Cut(rule, " where ")
	table, column, ok := strings.Cut(strings.TrimSpace(what), ".")
	where, pattern, assigned := strings.Cut(strings.TrimSpace(when), "=")
	if !ok || strings.ContainsAny(column, " \t") || conditional != assigned || assigned && where == "" {
		return errors.New("want a policy, TABLE.COLUMN, or TABLE.COLUMN where COLUMN=PATTERN")
	}
	tables, columns := glob(table), glob(column)
	found, unfit := 0, ""
	for _, t := range schema.Tables() {
		if !tables.MatchString(t.Name) {
			continue
		}
		for i := range t.Columns {
			c := &t.Columns[i]
			if !columns.MatchString(c.Name) {
				continue
			}
			if !replaceable(t, c) {
				unfit = t.Name + "." + c.Name
				continue
			}
			when, err := conditionOf(t, c, where, pattern)
			if err != nil {
				return err
			}
			p.add(t, c, when)
			found++
		}
	}
	switch {
	case found > 0:
		return nil
	case unfit != "":
		return fmt.Errorf("column %s cannot be redacted: it is no text, or tells runs, archives and checkpoints apart", unfit)
	}
	return fmt.Errorf("no column is %s", what)
}

// conditionOf makes the condition of a rule for one column.
func conditionOf(t *schema.Table, c *schema.Column, where, pattern string) (condition, error) {
	form := schema.FormWhole
	if i := slices.IndexFunc(c.Sensitive, func(s schema.Sensitivity) bool { return s.Form == schema.FormAssignment }); i >= 0 {
		form = schema.FormAssignment // the name is no secret, whoever asks
	}
	if where == "" {
		return condition{form: form}, nil
	}
	if form == schema.FormAssignment && where == "name" {
		return condition{form: form, pattern: glob(pattern)}, nil
	}
	w := t.Column(where)
	if w == nil || w.SQLType() != "VARCHAR" || w.Name == schema.CheckpointID {
		return condition{}, fmt.Errorf("table %s has no text column %q", t.Name, where)
	}
	return condition{form: form, where: w, pattern: glob(pattern)}, nil
}

// replaceable reports whether values of the column can be replaced.
func replaceable(t *schema.Table, c *schema.Column) bool {
	return !isIdentity(t, c) && (len(c.Sensitive) > 0 || isText(c))
}

// isIdentity reports whether a column belongs to the ledger, or to what tells
// checkpoints apart: the next run relies on these.
func isIdentity(t *schema.Table, c *schema.Column) bool {
	return t.Scope != schema.ScopeCheckpoint || c.Name == schema.CheckpointID || c.Name == "status" ||
		(t.Name == "checkpoints" || t.Name == "problems") && (c.Name == "source" || c.Name == "archive_name")
}

// isText reports whether a column holds text or bytes, or lists or a map of
// these.
func isText(c *schema.Column) bool {
	switch c.SQLType() {
	case "VARCHAR", "BLOB", "VARCHAR[]", "BLOB[]", "MAP(VARCHAR, VARCHAR)":
		return true
	}
	return false
}

// add adds a condition for the columns of one fact.
func (p *Policy) add(t *schema.Table, c *schema.Column, when condition) {
	first := c
	if c.Group != "" {
		first = t.Column(c.Group)
	}
	i := slices.IndexFunc(p.targets, func(have *target) bool { return have.table == t && have.columns[0] == first })
	if i < 0 {
		added := &target{table: t, columns: []*schema.Column{first}}
		for j := range t.Columns {
			if other := &t.Columns[j]; first.Group != "" && other.Group == first.Group && other != first {
				added.columns = append(added.columns, other)
			}
		}
		i, p.targets = len(p.targets), append(p.targets, added)
	}
	p.targets[i].cases = append(p.targets[i].cases, when)
}

// glob makes a pattern in which * stands for any text and ? for any character.
func glob(pattern string) *regexp.Regexp {
	quoted := strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(regexp.QuoteMeta(pattern))
	return regexp.MustCompile(`^(?s:` + quoted + `)$`)
}
