package plain

import (
	"math/big"
	"testing"
	"time"
)

// TestCell: what could steer a terminal, turn the direction of text or begin a
// line of its own is written as an escape.
func TestCell(t *testing.T) {
	for want, v := range map[string]any{
		"":                     nil,
		"a b":                  "a b",
		`a\nb\tc\r`:            "a\nb\tc\r",
		`\x1b[31mred`:          "\x1b[31mred",
		`\u202egpj.exe`:        "\u202egpj.exe",
		`\x00\u009b`:           "\x00\u009b",
		`\xff`:                 "\xff",
		"日本 é":                 "日本 é",
		`\x1B\x5Cx`:            []byte("\x1b\\x"),
		"2026-11-23 14:38:11Z": time.Date(2026, 11, 23, 14, 38, 11, 0, time.UTC),
		"18446744073709551615": uint64(1<<64 - 1),
		"340282366920938463463374607431768211456": new(big.Int).Lsh(big.NewInt(1), 128),
		`["a","b"]`: []any{"a", "b"},
		`[1,null]`:  []any{int32(1), nil},
		"true":      true,
	} {
		if got := Cell(v); got != want {
			t.Errorf("%#v: got %s, want %s", v, got, want)
		}
	}
}
