// Package redact replaces secrets in the rows of checkpoints, before anything
// of them is written anywhere. A value becomes
//
//	hmac-sha256: and the first 128 bits, in hexadecimal, of HMAC-SHA256 of its bytes
//
// under a key of the user's, so that equal values stay equal, in all columns,
// checkpoints and runs, and nobody without the key can read them or try out
// guesses. Which values these are says a policy: kinds of secrets that columns
// are marked with (schema.Sensitivity), or rules of the user's own. NULL stays
// NULL; a number, which has no room for that, becomes NULL.
//
// Values of environment variables that look like secrets by their name are also
// removed wherever else they stand verbatim in the same archive.
package redact

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"reflect"
	"regexp"
	"strings"

	"github.com/ckexport/ckexport/schema"
)

// Redaction is a policy under a key. It may be shared between goroutines.
type Redaction struct {
	Policy *Policy
	Key    *Key
}

// String tells redactions apart that may not be mixed in one output; it is
// empty for nil, no redaction.
func (r *Redaction) String() string {
	if r == nil {
		return ""
	}
	return r.Policy.String() + " under key " + r.Key.Fingerprint()
}

// tokenPrefix begins what stands in the place of a value.
const tokenPrefix = "hmac-sha256:"

// tokenBytes is how much of the HMAC a token keeps.
const tokenBytes = 16

// Redactor redacts rows. It is for one goroutine.
type Redactor struct {
	redaction *Redaction
	policy    *Policy
	mac       hash.Hash
	tables    []tableTargets
}

// tableTargets are the targets within one table.
type tableTargets struct {
	table   *schema.Table
	targets []*target
}

// Redactor returns a redactor for one goroutine.
func (r *Redaction) Redactor() *Redactor {
	d := &Redactor{redaction: r, policy: r.Policy, mac: hmac.New(sha256.New, r.Key.secret[:])}
	for _, t := range schema.Tables() {
		tt := tableTargets{table: t}
		for _, target := range r.Policy.targets {
			if target.table == t {
				tt.targets = append(tt.targets, target)
			}
		}
		if len(tt.targets) > 0 {
			d.tables = append(d.tables, tt)
		}
	}
	return d
}

// Redact redacts the rows that one archive yielded, and the archive's own row
// of the ledger. The rows must not be shared with anyone.
func (d *Redactor) Redact(archive *schema.Archive, checkpoints []*schema.Rows, problems []schema.Problem) {
	all := append(checkpoints[:len(checkpoints):len(checkpoints)], &schema.Rows{Problems: problems})
	var secrets *verbatim
	if d.policy.has(schema.PolicyEnv) {
		secrets = newVerbatim(all) // before they are replaced
	}
	for _, rows := range all {
		packed := rows.Packed
		rows.Packed = nil
		d.redactRows(secrets, rows)
		for _, p := range packed {
			p.Packed = &redactedRows{p.Packed, d.redaction.Redactor(), secrets}
		}
		rows.Packed = packed
	}
	if secrets != nil && archive.Error != nil {
		text := d.scrub(secrets, *archive.Error)
		archive.Error = &text
	}
}

func (d *Redactor) redactRows(secrets *verbatim, rows *schema.Rows) {
	for _, t := range d.tables {
		d.redactTable(t, rows)
	}
	if secrets != nil {
		d.removeVerbatim(secrets, rows)
	}
}

// redactedRows are packed rows that are redacted when they are made, by some
// other goroutine.
type redactedRows struct {
	schema.Packed
	redactor *Redactor
	secrets  *verbatim // nil for none
}

// Unpack implements schema.Packed.
func (p *redactedRows) Unpack(r *schema.Rows, from, to int) {
	p.Packed.Unpack(r, from, to)
	p.redactor.redactRows(p.secrets, r)
}

// redactTable redacts the rows of one table. What is to be replaced is settled
// before anything is: one column may decide over another.
func (d *Redactor) redactTable(t tableTargets, rows *schema.Rows) {
	n := t.table.Count(rows)
	if n == 0 {
		return
	}
	forms := make([][]*condition, len(t.targets))
	for i, target := range t.targets {
		forms[i] = make([]*condition, n)
		for row := range n {
			forms[i][row] = target.caseOf(rows, row)
		}
	}
	for i, target := range t.targets {
		columns := make([]schema.Values, len(target.columns))
		for j, c := range target.columns {
			columns[j] = target.table.Values(rows, c)
		}
		for row, c := range forms[i] {
			switch elements := target.columns[0].Elements; {
			case c == nil:
			case elements != nil:
				d.redactElements(c, elements, columns[0].Elements(row))
			default:
				d.redactFact(c, columns, row)
			}
		}
	}
}

// caseOf returns the case that applies to a row, nil if none does. One that
// replaces the whole value goes before others.
func (t *target) caseOf(rows *schema.Rows, row int) (found *condition) {
	for i := range t.cases {
		c := &t.cases[i]
		if !c.matches(t.table, rows, row) {
			continue
		}
		if c.form == schema.FormWhole {
			return c
		}
		if found == nil || c.pattern == nil {
			found = c
		}
	}
	return found
}

// matches reports whether the condition holds for a row, as far as other
// columns decide.
func (c *condition) matches(t *schema.Table, rows *schema.Rows, row int) bool {
	if c.form == schema.FormNameOnly {
		return rows.Environment[row].Value.Text == nil
	}
	if c.where == nil {
		return true
	}
	switch v := t.Values(rows, c.where).At(row).(type) {
	case *string:
		return c.pattern.MatchString(*v)
	case **string:
		return *v != nil && c.pattern.MatchString(**v)
	}
	return false
}

// redactElements replaces what is sensitive in the elements of a list of structs.
func (d *Redactor) redactElements(c *condition, fields []schema.Column, values []schema.Values) {
	for i, f := range fields {
		if len(f.Sensitive) == 0 {
			continue
		}
		for j := range values[i].Len() {
			d.edit(values[i].At(j), c)
		}
	}
}

// redactFact replaces the value of one fact in one row: in the text column,
// and in those that hold the same in another form.
func (d *Redactor) redactFact(c *condition, columns []schema.Values, row int) {
	first := columns[0].At(row)
	if len(columns) == 1 {
		d.edit(first, c)
		return
	}
	second := columns[1].At(row)
	switch text := first.(type) {
	case **string:
		raw, ok := second.(*[]byte)
		if !ok || *text == nil {
			break
		}
		exact := **text
		if *raw != nil && columns[1].IsRaw() {
			exact = string(*raw)
		}
		if value := d.part(exact, c); value != exact {
			*text = &value
			if *raw != nil {
				*raw = []byte(value)
			}
		}
		return
	case *[]string:
		raw, ok := second.(*[][]byte)
		if !ok || *raw == nil || len(*raw) != len(*text) {
			break
		}
		texts, raws := make([]string, len(*text)), make([][]byte, len(*text))
		for i, exact := range *raw {
			texts[i], raws[i] = (*text)[i], exact
			if value := d.part(string(exact), c); value != string(exact) {
				texts[i], raws[i] = value, []byte(value)
			}
		}
		*text, *raw = texts, raws
		return
	}
	d.edit(first, c)
	for _, other := range columns[1:] {
		d.edit(other.At(row), c)
	}
}

// edit replaces what one field holds. Fields may share what they point to, so
// nothing is changed in place.
func (d *Redactor) edit(field any, c *condition) {
	switch v := field.(type) {
	case *string:
		*v = d.part(*v, c)
	case **string:
		if *v != nil {
			text := d.part(**v, c)
			*v = &text
		}
	case *[]byte:
		if *v != nil {
			*v = []byte(d.part(string(*v), c))
		}
	case *[]string:
		*v = mapped(*v, func(s string) string { return d.part(s, c) })
	case *[][]byte:
		*v = mapped(*v, func(b []byte) []byte {
			if b == nil {
				return nil
			}
			return []byte(d.part(string(b), c))
		})
	case *[]*string:
		*v = mapped(*v, func(s *string) *string {
			if s == nil {
				return nil
			}
			text := d.part(*s, c)
			return &text
		})
	case *map[string]string:
		if *v == nil {
			return
		}
		values := make(map[string]string, len(*v))
		for key, value := range *v {
			values[key] = d.part(value, c)
		}
		*v = values
	default: // numbers and lists of them
		reflect.ValueOf(field).Elem().SetZero()
	}
}

// mapped returns a list of what f makes of each element; nil stays nil.
func mapped[T any](list []T, f func(T) T) []T {
	if list == nil {
		return nil
	}
	out := make([]T, len(list))
	for i, v := range list {
		out[i] = f(v)
	}
	return out
}

// part replaces the part of a value that the condition's form says.
func (d *Redactor) part(value string, c *condition) string {
	switch c.form {
	case schema.FormAssignment:
		name, assigned, ok := strings.Cut(value, "=")
		switch {
		case c.pattern != nil && c.where == nil && (!ok || !c.pattern.MatchString(name)):
			return value
		case !ok:
			return d.token(value)
		}
		return name + "=" + d.token(assigned)
	case schema.FormJSON:
		if !isJSONDocument(value) {
			return value
		}
	case schema.FormOptions:
		return d.options(value)
	}
	return d.token(value)
}

// token returns what stands for a value.
func (d *Redactor) token(value string) string {
	d.mac.Reset()
	d.mac.Write([]byte(value))
	var sum [sha256.Size]byte
	var out [len(tokenPrefix) + 2*tokenBytes]byte
	copy(out[:], tokenPrefix)
	hex.Encode(out[len(tokenPrefix):], d.mac.Sum(sum[:0])[:tokenBytes])
	return string(out[:])
}

// RedactDigests replaces digests of contents, whatever the policy: who has all of
// a content but a secret could try out guesses of that.
func (d *Redactor) RedactDigests(digests []schema.CheckpointDigest) {
	for i := range digests {
		for _, sum := range []*string{digests[i].PagesSHA256, digests[i].TextsSHA256, digests[i].FilesSHA256} {
			if sum != nil {
				*sum = d.token(*sum)
			}
		}
	}
}

// options replaces the values of options whose name looks like a secret's.
func (d *Redactor) options(value string) string {
	options := strings.Split(value, ",")
	for i, o := range options {
		if name, v, ok := strings.Cut(o, "="); ok && (schema.IsSecretName(name) || passOption.MatchString(name)) {
			options[i] = name + "=" + d.token(v)
		}
	}
	return strings.Join(options, ",")
}

// passOption matches further names that only options of mounts have: of cifs.
var passOption = regexp.MustCompile(`^(?:pass|cred)`)

// isJSONDocument reports whether a text begins as a JSON object or list does.
func isJSONDocument(text string) bool {
	text = strings.TrimLeft(text, " \t\r\n")
	return text != "" && (text[0] == '{' || text[0] == '[')
}
