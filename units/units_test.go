package units_test

import (
	"math"
	"testing"

	"github.com/ckexport/ckexport/units"
)

func TestSizes(t *testing.T) {
	for _, n := range []int64{1, 1023, 1024, 1536, 64 << 10, 1<<20 + 1, 5 << 40, 1 << 50, math.MaxInt64} {
		if got, err := units.Parse(units.Size(n)); got != n || err != nil {
			t.Errorf("Size(%d) is %s, which reads as %d, %v", n, units.Size(n), got, err)
		}
	}
	for _, text := range []string{"", "KiB", "0", "-1", "1kb", "1.5MiB", "1 KiB", "9223372036854775808", "8388608TiB"} {
		if n, err := units.Parse(text); err == nil {
			t.Errorf("Parse(%q) is %d", text, n)
		}
	}
	for n, want := range map[uint64]string{0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 1536: "1.5 KiB", 3 << 30: "3.0 GiB", math.MaxUint64: "16.0 EiB"} {
		if got := units.Bytes(n); got != want {
			t.Errorf("Bytes(%d) is %s, want %s", n, got, want)
		}
	}
}
