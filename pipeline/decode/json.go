package decode

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"
)

// maxStrict bounds what unmarshalStrict is tried with: it remembers the names of
// every object, which costs ten times the time where an object has millions.
const maxStrict = 4 << 20

// unmarshal decodes JSON into a zero value, unless it would take more memory
// than the archive may have: that is an error too. Lists of empty objects take
// 3 bytes an element, and tens of times as much once they are decoded.
func (ar *archiveReader) unmarshal(data []byte, into any) error {
	const perObject, perElement = 256, 64
	cost := int64(len(data)) + perObject*int64(bytes.Count(data, []byte{'{'})) + perElement*int64(bytes.Count(data, []byte{','})+bytes.Count(data, []byte{'['}))
	if !ar.take(cost) {
		return &limitError{ar.decoder.Limits.memory(), "the JSON takes more memory once it is decoded"}
	}
	if len(data) <= maxStrict && unmarshalStrict(data, into) == nil {
		return nil
	}
	reflect.ValueOf(into).Elem().SetZero()
	err := json.Unmarshal(data, into)
	if err == nil || errors.As(err, new(*json.SyntaxError)) {
		return err
	}
	reflect.ValueOf(into).Elem().SetZero()
	return unmarshalFitting(data, into)
}

// unmarshalStrict decodes as encoding/json does, in one pass over the bytes
// instead of three. It refuses more, such as names that occur twice in an
// object: what it refuses is left to encoding/json, which also says what is
// wrong in the terms of jsonFault.
func unmarshalStrict(data []byte, into any) error {
	return jsonv2.Unmarshal(data, into, jsonv2.MatchCaseInsensitiveNames(true), jsonv1.MatchCaseSensitiveDelimiter(true))
}

// misfitError says that values of JSON were left out, as they are not what they should be.
type misfitError struct {
	values []string // the first of them, see fieldPath
	more   int
}

// note adds a value.
func (e *misfitError) note(root reflect.Type, at jsontext.Pointer, below string) {
	const shown = 8
	if len(e.values) == shown {
		e.more++
		return
	}
	e.values = append(e.values, cmp.Or(fieldPath(root, at)+below, "all of it"))
}

func (e *misfitError) Error() string {
	list := strings.Join(e.values, ", ")
	if e.more > 0 {
		list += fmt.Sprintf(" and %d more", e.more)
	}
	return "what is of another kind was left out: " + list
}

// unmarshalFitting decodes valid JSON of which a part does not fit, and leaves that part
// out: encoding/json makes zeros of numbers that do not fit, and ends at the first such
// time. A list of simple values is left out as a whole, as its elements have no NULL.
func unmarshalFitting(data []byte, into any) error {
	misfits, root := &misfitError{}, reflect.TypeOf(into)
	fit := func(d *jsontext.Decoder, into any) error {
		v := reflect.ValueOf(into).Elem()
		if isNested(v.Type(), d.PeekKind()) {
			return errors.ErrUnsupported // decode it as ever, value by value
		}
		value, err := d.ReadValue()
		if err != nil {
			return err
		}
		if texts, ok := into.(*map[string]string); ok && value.Kind() == '{' {
			for range fittingTexts(value, texts) {
				misfits.note(root, d.StackPointer(), "/*")
			}
		} else if json.Unmarshal(value, into) != nil {
			v.SetZero()
			if d, ok := into.(misfit); ok {
				d.leaveOut()
			}
			misfits.note(root, d.StackPointer(), "")
		}
		return nil
	}
	if err := jsonv2.Unmarshal(data, into, jsonv1.DefaultOptionsV1(), jsonv2.WithUnmarshalers(jsonv2.UnmarshalFromFunc(fit))); err != nil {
		return err
	}
	return misfits
}

// misfit is what must know that its value was left out.
type misfit interface{ leaveOut() }

// zeroIfAbsent is a value whose absence means zero, or false, as files say: a value that
// was left out means nothing.
type zeroIfAbsent[T any] struct {
	value     *T
	isLeftOut bool
}

// UnmarshalJSON takes the value.
func (z *zeroIfAbsent[T]) UnmarshalJSON(data []byte) error { return json.Unmarshal(data, &z.value) }

func (z *zeroIfAbsent[T]) leaveOut() { z.isLeftOut = true }

// get returns the value, NULL where it was left out.
func (z *zeroIfAbsent[T]) get() *T {
	if z.value == nil && !z.isLeftOut {
		return new(T)
	}
	return z.value
}

// isNested reports whether JSON of that kind is decoded into the type value by value.
func isNested(t reflect.Type, kind jsontext.Kind) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Struct:
		return kind == '{' && t != reflect.TypeFor[time.Time]() && !reflect.PointerTo(t).Implements(reflect.TypeFor[misfit]())
	case reflect.Map:
		return kind == '{' && t != reflect.TypeFor[map[string]string]()
	case reflect.Slice:
		return kind == '[' && isNested(t.Elem(), '{')
	}
	return false
}

// fittingTexts decodes an object of texts, and returns how many members are none.
func fittingTexts(object []byte, into *map[string]string) (misfits int) {
	var members map[string]json.RawMessage
	if json.Unmarshal(object, &members) != nil {
		return 1
	}
	*into = make(map[string]string, len(members))
	for name, member := range members {
		var text string
		if json.Unmarshal(member, &text) != nil {
			misfits++
			continue
		}
		(*into)[name] = text
	}
	return misfits
}

// fieldPath returns a JSON pointer with the names of fields, and * for other names, which
// may be secret.
func fieldPath(t reflect.Type, at jsontext.Pointer) string {
	var path strings.Builder
	for token := range at.Tokens() {
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		switch t.Kind() {
		case reflect.Struct:
			field, known := t.FieldByNameFunc(func(name string) bool {
				f, _ := t.FieldByName(name)
				tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
				return strings.EqualFold(cmp.Or(tag, name), token)
			})
			if !known {
				return path.String() + "/*"
			}
			t = field.Type
		case reflect.Map:
			t, token = t.Elem(), "*"
		case reflect.Slice:
			t = t.Elem()
		}
		path.WriteString("/" + token)
	}
	return path.String()
}

// jsonProblem notes why a member that holds JSON could not be decoded.
func (n *notes) jsonProblem(member string, err error) {
	var passed *limitError
	if errors.As(err, &passed) {
		n.passedBy(passed.limit, member, passed.what)
		return
	}
	n.memberProblem(member, Error, Malformed, "not the JSON that is expected: "+jsonFault(err))
}
