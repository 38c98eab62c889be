package redact

import (
	"slices"
	"strings"

	"github.com/ckexport/ckexport/schema"
)

// minVerbatim is the length from which a secret is looked for in other
// columns: shorter ones stand in too many texts by chance.
const minVerbatim = 8

// maxTries bounds the comparisons at one place of a text. Archives are
// hostile: their environments may hold thousands of values with one beginning.
// A text that holds the beginning of so many is replaced as a whole.
const maxTries = 8

// maxCompared bounds one comparison likewise. A text in which so many bytes of
// a longer secret stand, and not all of it, is replaced as a whole.
const maxCompared = 256

// verbatim finds secrets in texts, in time that depends on the texts' length
// alone.
type verbatim struct {
	pairs  [1 << 16 / 64]uint64 // a bit for the first two bytes of each secret
	starts map[string][]string  // secrets by their first minVerbatim bytes, longest first
}

// newVerbatim gathers the values of variables that look like secrets; nil if
// there are none.
func newVerbatim(all []*schema.Rows) *verbatim {
	v := &verbatim{starts: map[string][]string{}}
	for _, rows := range all {
		for _, e := range rows.Environment {
			switch {
			case !e.Sensitive || e.Value.Text == nil:
			case e.Value.Raw != nil:
				v.add(string(e.Value.Raw))
			default:
				v.add(*e.Value.Text)
			}
		}
		for _, s := range rows.ContainerSpecs {
			for _, e := range s.Env {
				if name, value, ok := strings.Cut(e, "="); ok && schema.IsSecretName(name) {
					v.add(value)
				}
			}
		}
	}
	if len(v.starts) == 0 {
		return nil
	}
	for start, secrets := range v.starts {
		slices.SortFunc(secrets, func(a, b string) int {
			if len(a) != len(b) {
				return len(b) - len(a)
			}
			return strings.Compare(a, b)
		})
		v.starts[start] = slices.Compact(secrets)
	}
	return v
}

func (v *verbatim) add(secret string) {
	if len(secret) < minVerbatim || strings.Contains(tokenPrefix, secret) {
		return
	}
	pair := uint16(secret[0])<<8 | uint16(secret[1])
	v.pairs[pair/64] |= 1 << (pair % 64)
	start := secret[:minVerbatim]
	v.starts[start] = append(v.starts[start], secret)
}

// find returns the first secret in a text and its place; -1 if there is none.
// The secret is empty where the text is to be replaced as a whole.
func (v *verbatim) find(text string) (at int, secret string) {
	for i := 0; i+minVerbatim <= len(text); i++ {
		pair := uint16(text[i])<<8 | uint16(text[i+1])
		if v.pairs[pair/64]&(1<<(pair%64)) == 0 {
			continue
		}
		candidates := v.starts[text[i:i+minVerbatim]]
		if len(candidates) > maxTries {
			return i, ""
		}
		for _, c := range candidates {
			if len(c) <= maxCompared {
				if strings.HasPrefix(text[i:], c) {
					return i, c
				}
			} else if strings.HasPrefix(text[i:], c[:maxCompared]) {
				if strings.HasPrefix(text[i:], c) {
					return i, c
				}
				return i, ""
			}
		}
	}
	return -1, ""
}

// scrub replaces the secrets in a text.
func (d *Redactor) scrub(secrets *verbatim, text string) string {
	at, secret := secrets.find(text)
	if at < 0 {
		return text
	}
	var out strings.Builder
	whole := text
	for at >= 0 {
		if secret == "" {
			return d.token(whole)
		}
		out.WriteString(text[:at])
		out.WriteString(d.token(secret))
		text = text[at+len(secret):]
		at, secret = secrets.find(text)
	}
	out.WriteString(text)
	return out.String()
}

// removeVerbatim replaces the secrets that stand in other columns.
func (d *Redactor) removeVerbatim(secrets *verbatim, rows *schema.Rows) {
	for _, t := range schema.Tables() {
		if t.Scope != schema.ScopeCheckpoint || t.Count(rows) == 0 {
			continue
		}
		for i := range t.Columns {
			c := &t.Columns[i]
			if isIdentity(t, c) || d.isReplaced(t, c) {
				continue
			}
			if isText(c) {
				d.scrubColumn(secrets, t, c, rows)
			} else if c.Elements != nil && len(c.Sensitive) > 0 {
				d.scrubElements(secrets, c, t.Values(rows, c))
			}
		}
	}
}

// isReplaced reports whether the policy replaces the column in every row.
func (d *Redactor) isReplaced(t *schema.Table, c *schema.Column) bool {
	for _, target := range d.policy.targets {
		if target.table == t && target.always() && slices.Contains(target.columns, c) {
			return true
		}
	}
	return false
}

// scrubElements replaces the secrets in what the elements of lists of structs
// hold from elsewhere; all else there ckexport chose itself.
func (d *Redactor) scrubElements(secrets *verbatim, c *schema.Column, lists schema.Values) {
	for row := range lists.Len() {
		for i, values := range lists.Elements(row) {
			if len(c.Elements[i].Sensitive) > 0 && isText(&c.Elements[i]) {
				d.scrubValues(secrets, values, schema.Values{})
			}
		}
	}
}

// scrubColumn replaces the secrets in one column. Of a text whose exact bytes
// have a column of their own, both are replaced as a whole: the escaped form
// may write the secret in another way.
func (d *Redactor) scrubColumn(secrets *verbatim, t *schema.Table, c *schema.Column, rows *schema.Rows) {
	values := t.Values(rows, c)
	var text schema.Values
	if values.IsRaw() {
		text = t.Values(rows, t.Column(c.Group))
	}
	d.scrubValues(secrets, values, text)
}

// scrubValues replaces the secrets in values; text are the texts of those that
// are exact bytes.
func (d *Redactor) scrubValues(secrets *verbatim, values, text schema.Values) {
	for row := range values.Len() {
		switch v := values.At(row).(type) {
		case *string:
			*v = d.scrub(secrets, *v)
		case **string:
			*v = d.scrubOptional(secrets, *v)
		case *[]byte:
			if !values.IsRaw() {
				*v = d.scrubBytes(secrets, *v)
			} else if secrets.isIn(*v) {
				token := d.token(string(*v))
				*v, *text.At(row).(**string) = []byte(token), &token
			}
		case *[]string:
			*v = mapped(*v, func(s string) string { return d.scrub(secrets, s) })
		case *[][]byte:
			var texts *[]string
			if values.IsRaw() {
				texts = text.At(row).(*[]string)
			}
			d.scrubList(secrets, v, texts)
		case *[]*string:
			*v = mapped(*v, func(s *string) *string { return d.scrubOptional(secrets, s) })
		case *map[string]string:
			*v = d.scrubMap(secrets, *v)
		}
	}
}

// isIn reports whether a secret is in some bytes.
func (v *verbatim) isIn(b []byte) bool {
	at, _ := v.find(string(b))
	return at >= 0
}

// scrubOptional is scrub of a text that may be NULL; the text itself stays as it is,
// as other rows may share it.
func (d *Redactor) scrubOptional(secrets *verbatim, text *string) *string {
	if text == nil {
		return nil
	}
	if s := d.scrub(secrets, *text); s != *text {
		return &s
	}
	return text
}

// scrubBytes is scrub of bytes that have no text beside them.
func (d *Redactor) scrubBytes(secrets *verbatim, b []byte) []byte {
	if !secrets.isIn(b) {
		return b
	}
	return []byte(d.scrub(secrets, string(b)))
}

// scrubList replaces the secrets in a list of bytes; those that are the exact bytes of
// texts, which are nil of others, as a whole. Lists are copied, as other rows may share
// them.
func (d *Redactor) scrubList(secrets *verbatim, list *[][]byte, texts *[]string) {
	isOurs := false
	for i, b := range *list {
		if !secrets.isIn(b) {
			continue
		}
		if !isOurs {
			*list, isOurs = slices.Clone(*list), true
			if texts != nil {
				*texts = slices.Clone(*texts)
			}
		}
		if texts == nil {
			(*list)[i] = d.scrubBytes(secrets, b)
			continue
		}
		(*texts)[i] = d.token(string(b))
		(*list)[i] = []byte((*texts)[i])
	}
}

// scrubMap returns the map, or another one where it has a secret in it.
func (d *Redactor) scrubMap(secrets *verbatim, m map[string]string) map[string]string {
	for key, value := range m {
		if d.scrub(secrets, key) == key && d.scrub(secrets, value) == value {
			continue
		}
		scrubbed := make(map[string]string, len(m))
		for key, value := range m {
			scrubbed[d.scrub(secrets, key)] = d.scrub(secrets, value)
		}
		return scrubbed
	}
	return m
}
