package decode

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// jsonFault says what is wrong with JSON. The errors of the standard library
// may quote numbers, times and characters, and problems must not hold what may
// be secret.
func jsonFault(err error) string {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Sprintf("no valid JSON from byte %d on", syntax.Offset)
	}
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		found, _, _ := strings.Cut(kind.Value, " ") // a number is quoted behind its kind
		if kind.Field == "" {
			return fmt.Sprintf("a %s before byte %d", found, kind.Offset)
		}
		return fmt.Sprintf("field %s is a %s, before byte %d", kind.Field, found, kind.Offset)
	}
	return "a value that cannot be read, such as a time"
}
