package schema

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Policies name kinds of secrets that columns may hold; --redact takes them.
// A column says with the tag `sensitive` which of them it belongs to.
const (
	PolicyEnv         = "env"         // values of environment variables
	PolicyArgs        = "args"        // arguments of commands
	PolicyPayloads    = "payloads"    // contents of queues, files, terminals and registers, and hashes of these
	PolicyAnnotations = "annotations" // values of annotations and labels
	PolicyLogs        = "logs"        // lines that CRIU and containers wrote
)

// Policies returns all policies, in the order of the documentation.
func Policies() []string {
	return []string{PolicyEnv, PolicyArgs, PolicyPayloads, PolicyAnnotations, PolicyLogs}
}

// Form says which part of a column's values is sensitive.
type Form string

const (
	// FormWhole is the whole value.
	FormWhole Form = ""
	// FormAssignment is what follows the first = of NAME=value, or all of a
	// text without one.
	FormAssignment Form = "assignment"
	// FormJSON is the whole of a value that is a JSON object or list; others
	// are not sensitive. Engines and kubectl put specifications, with their
	// environment, into annotations.
	FormJSON Form = "json"
	// FormOptions is the values of key=value, in a list of options or one text
	// with commas between them, whose key looks like that of a secret.
	FormOptions Form = "options"
	// FormNameOnly is the whole name of a variable that has no value: what
	// stands in an environment without = may be anything.
	FormNameOnly Form = "name_only"
)

var forms = []Form{FormWhole, FormAssignment, FormJSON, FormOptions, FormNameOnly}

// Sensitivity says that a column may hold secrets of one kind.
type Sensitivity struct {
	Policy string
	Form   Form
}

func (s Sensitivity) String() string {
	if s.Form == FormWhole {
		return s.Policy
	}
	return s.Policy + " (" + string(s.Form) + ")"
}

// anyPolicy in a tag stands for all policies.
const anyPolicy = "any"

// notSensitive in a tag says that it was found that a column can hold no
// secrets: only names, paths, addresses, states and the like.
const notSensitive = "no"

// sensitivities reads a tag: policies separated by commas, each with its form
// behind a colon where that is not the whole value. Where a column is text or
// bytes, someone must have decided.
func sensitivities(facts tags, needed bool) ([]Sensitivity, error) {
	text, ok := facts.lookup("sensitive")
	switch {
	case !ok && needed:
		return nil, fmt.Errorf(`it is text or bytes and has no tag sensitive: decide which policies of --redact replace it, or "no"`)
	case !ok || text == notSensitive:
		return nil, nil
	}
	var all []Sensitivity
	for part := range strings.SplitSeq(text, ",") {
		policy, form, _ := strings.Cut(part, ":")
		if !slices.Contains(forms, Form(form)) {
			return nil, fmt.Errorf("sensitive: there is no form %q", form)
		}
		if policy == anyPolicy {
			for _, p := range Policies() {
				all = append(all, Sensitivity{p, Form(form)})
			}
			continue
		}
		if !slices.Contains(Policies(), policy) {
			return nil, fmt.Errorf("sensitive: there is no policy %q", policy)
		}
		all = append(all, Sensitivity{policy, Form(form)})
	}
	return all, nil
}

// elementSensitivities returns the sensitivities of a list of structs: those of
// its elements' fields, which must be sensitive for the same, if at all.
func elementSensitivities(facts tags, elements []Column) ([]Sensitivity, error) {
	if _, ok := facts.lookup("sensitive"); ok {
		return nil, fmt.Errorf("sensitive: the fields of its elements say it")
	}
	var all []Sensitivity
	for _, e := range elements {
		switch {
		case len(e.Sensitive) == 0:
		case all != nil && !slices.Equal(all, e.Sensitive):
			return nil, fmt.Errorf("sensitive: fields of its elements differ in it")
		default:
			all = e.Sensitive
		}
	}
	return all, nil
}

// holdsFreeText reports whether fields of a type hold texts or bytes that
// ckexport did not choose itself, as it does the names of numbers.
func holdsFreeText(t reflect.Type) bool {
	switch t {
	case reflect.TypeFor[Text](), reflect.TypeFor[TextList](), reflect.TypeFor[string](), reflect.TypeFor[[]byte]():
		return true
	}
	switch t.Kind() {
	case reflect.Pointer:
		return holdsFreeText(t.Elem())
	case reflect.Map:
		return true
	case reflect.Slice:
		return holdsFreeText(t.Elem()) // fields of structs say it themselves
	}
	return false
}

// sensitiveText names the policies of a column, as the dictionary shows them.
func (c Column) sensitiveText() string {
	if len(c.Sensitive) == len(Policies()) && !slices.ContainsFunc(c.Sensitive, func(s Sensitivity) bool { return s.Form != FormWhole }) {
		return anyPolicy
	}
	names := make([]string, len(c.Sensitive))
	for i, s := range c.Sensitive {
		names[i] = s.String()
	}
	return strings.Join(names, ", ")
}

// secretName matches names of variables that usually hold secrets.
var secretName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)passw|passphrase|secret|token|credential|api_?key|access_?key|private_?key|encryption_?key|signing_?key|auth_?key|_pwd$|_dsn$|connection_?string`)
})

// IsSecretName reports whether a variable of that name usually holds a secret;
// environment.sensitive says so.
func IsSecretName(name string) bool { return secretName().MatchString(name) }

// Values are the fields of one column, in all rows of a checkpoint.
type Values struct {
	fields   fields
	kind     reflect.Type // of each field
	isRaw    bool
	elements []Column // of each field
}

// Values returns the fields of a column of the table. The column
// checkpoint_id, which no row struct has, has none.
func (t *Table) Values(r *Rows, c *Column) Values {
	if c.field == nil {
		return Values{}
	}
	return Values{fieldsOf(t.rows(r)).at(c.offset), c.field, c.Group != "" && c.Name == c.Group+rawSuffix, c.Elements}
}

// Elements returns the fields of the elements in the list of row i, one for each of
// Column.Elements. The list is a copy from then on: others may have the same.
func (v Values) Elements(i int) []Values {
	list := reflect.NewAt(v.kind, v.fields.index(i)).Elem()
	if list.Len() > 0 {
		list.Set(reflect.AppendSlice(reflect.MakeSlice(v.kind, 0, list.Len()), list))
	}
	all := make([]Values, len(v.elements))
	for i, e := range v.elements {
		all[i] = Values{fields: fieldsOf(list).at(e.offset), kind: e.field}
	}
	return all
}

// rawSuffix is the suffix of columns that hold exact bytes (types.go).
const rawSuffix = "_raw"

// IsRaw reports whether they are the exact bytes of another column's text.
func (v Values) IsRaw() bool { return v.isRaw }

// Len returns how many there are.
func (v Values) Len() int { return v.fields.n }

// At returns a pointer to the field of row i.
func (v Values) At(i int) any {
	return reflect.NewAt(v.kind, v.fields.index(i)).Interface()
}
