package schema

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
)

// Values of the tag range: what values of a column of 64 bits without sign can
// be. What archives say can be anything; what is counted here, of files whose
// size is known, never passes the greatest number with a sign.
const (
	rangeInt64  = "int64"
	rangeUint64 = "uint64"
)

// setRange applies the tag range, which numbers of 64 bits without sign, and
// lists of them, must have: formats without such numbers keep them as others.
func (c *Column) setRange(tag string) error {
	switch isUint64 := holdsUint64(c.Type); {
	case !isUint64 && tag != "":
		return fmt.Errorf(`column %s: tag "range" is for numbers of 64 bits without sign`, c.Name)
	case !isUint64:
		return nil
	case tag != rangeInt64 && tag != rangeUint64:
		return fmt.Errorf(`column %s: numbers of 64 bits without sign need a tag "range", %s or %s`, c.Name, rangeInt64, rangeUint64)
	}
	c.FitsInt64 = tag == rangeInt64
	return nil
}

func holdsUint64(t arrow.DataType) bool {
	if list, ok := t.(*arrow.ListType); ok {
		t = list.Elem()
	}
	return t.ID() == arrow.UINT64
}
