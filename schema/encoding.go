package schema

import (
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
)

// Encoding says how files best keep a column. Texts are dictionaries and times
// are differences; a tag `encode` says otherwise, or more:
//
//	plain  texts that hardly repeat
//	delta  numbers that are near their predecessors
//	bloom  texts that people look up across the fleet
type Encoding struct {
	// Dictionary is for texts that repeat, as nearly all do: ids, names, paths.
	Dictionary bool
	// Delta is for numbers that are mostly distinct but near their predecessors,
	// such as addresses, offsets and times: Parquet's DELTA_BINARY_PACKED. A
	// dictionary gains nothing there.
	Delta bool
	// Bloom is for texts that people look up by value across the fleet, such as
	// ids, paths, hashes and network addresses: a Bloom filter spares them reading
	// most row groups, where minimum and maximum say little.
	Bloom bool
}

// encodingOf is the encoding of columns without a tag.
func encodingOf(t arrow.DataType) Encoding {
	return Encoding{Dictionary: t.ID() == arrow.STRING, Delta: t.ID() == arrow.TIMESTAMP}
}

// encode applies the tag of a field to those of its columns that have a type it
// is for.
func encode(columns []Column, tag string) error {
	for word := range strings.SplitSeq(tag, ",") {
		found := false
		for i := range columns {
			e, of := &columns[i].Encoding, columns[i].Type.ID()
			switch {
			case word == "plain" && of == arrow.STRING:
				e.Dictionary = false
			case word == "bloom" && of == arrow.STRING:
				e.Bloom = true
			case word == "delta" && of == arrow.UINT64:
				e.Delta = true
			default:
				continue
			}
			found = true
		}
		if !found {
			return fmt.Errorf("encode %q: there are plain and bloom for texts, and delta for numbers of 64 bits without sign", word)
		}
	}
	return nil
}
