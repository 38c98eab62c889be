package decode

import (
	"encoding/json"
	"errors"
	"fmt"
)

// jsonFault says what is wrong with JSON. The errors of the standard library
// may quote numbers, times and characters, and problems must not hold what may
// be secret.
func jsonFault(err error) string {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Sprintf("no valid JSON from byte %d on", syntax.Offset)
	}
	var misfits *misfitError
	if errors.As(err, &misfits) {
		return misfits.Error()
	}
	return "a value that cannot be read"
}
