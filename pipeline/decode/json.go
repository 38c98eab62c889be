package decode

import (
	"bytes"
	"encoding/json"
	"errors"
)

// unmarshal decodes JSON, unless it would take more memory than the archive
// may have: that is an error too. Lists of empty objects take 3 bytes an
// element, and tens of times as much once they are decoded.
func (w *walk) unmarshal(data []byte, into any) error {
	const perObject, perElement = 256, 64
	cost := int64(len(data)) + perObject*int64(bytes.Count(data, []byte{'{'})) + perElement*int64(bytes.Count(data, []byte{','})+bytes.Count(data, []byte{'['}))
	if !w.take(cost) {
		return &limitError{w.decoder.Limits.memory(), "the JSON takes more memory once it is decoded"}
	}
	return json.Unmarshal(data, into)
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
