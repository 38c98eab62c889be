package units_test

import (
	"testing"

	"github.com/ckexport/ckexport/units"
)

func TestCount(t *testing.T) {
	for n, want := range map[int]string{0: "0 rows", 1: "1 row", 2: "2 rows"} {
		if got := units.Count(n, "row"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
