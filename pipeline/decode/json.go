package decode

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"

	jsonv2 "github.com/go-json-experiment/json"
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
	return json.Unmarshal(data, into)
}

// unmarshalStrict decodes as encoding/json does, in one pass over the bytes
// instead of three. It refuses more, such as names that occur twice in an
// object: what it refuses is left to encoding/json, which also says what is
// wrong in the terms of jsonFault.
func unmarshalStrict(data []byte, into any) error {
	return jsonv2.Unmarshal(data, into, jsonv2.MatchCaseInsensitiveNames(true), jsonv1.MatchCaseSensitiveDelimiter(true))
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
