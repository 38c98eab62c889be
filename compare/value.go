package compare

import (
	"bytes"
	"reflect"
	"time"
)

// equal tells whether two values of one column are the same, as
// database/sql returns them.
func equal(a, b any) bool {
	switch a := a.(type) {
	case []byte:
		b, ok := b.([]byte)
		return ok && bytes.Equal(a, b)
	case time.Time:
		b, ok := b.(time.Time)
		return ok && a.Equal(b)
	}
	return reflect.DeepEqual(a, b)
}
