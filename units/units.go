// Package units writes and reads numbers of bytes, and writes numbers of things.
package units

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// names are the units, each 1024 times the one before. Source: IEC 80000-13.
var names = [...]string{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}

// Bytes writes a number of bytes for people: 512 B, 1.5 MiB.
func Bytes[N ~int64 | ~uint64 | ~float64](n N) string {
	v, unit := float64(n), 0
	for v >= 1024 && unit < len(names)-1 {
		v, unit = v/1024, unit+1
	}
	if unit == 0 {
		return fmt.Sprintf("%.0f B", v)
	}
	return fmt.Sprintf("%.1f %s", v, names[unit])
}

// Count writes a number with what is counted: 1 row, 2 rows.
func Count[N ~int | ~int64 | ~uint64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// largest is the largest unit that Parse takes: TiB.
const largest = 4

// Size writes a number of bytes without loss, as Parse reads it: 1536, 64KiB.
func Size(n int64) string {
	unit := 0
	for n > 0 && n%1024 == 0 && unit < largest {
		n, unit = n/1024, unit+1
	}
	if unit == 0 {
		return strconv.FormatInt(n, 10)
	}
	return strconv.FormatInt(n, 10) + names[unit]
}

// Parse reads a number of bytes, at least 1, such as 4096 or 64KiB.
func Parse(text string) (int64, error) {
	digits, shift := text, 0
	for unit := 1; unit <= largest; unit++ {
		if d, ok := strings.CutSuffix(text, names[unit]); ok {
			digits, shift = d, 10*unit
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 1 || n > math.MaxInt64>>shift {
		return 0, fmt.Errorf("%q is no number of bytes such as 4096, 64KiB or 1MiB", text)
	}
	return n << shift, nil
}
