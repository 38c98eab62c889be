package iceberg

import "github.com/ckexport/ckexport/sinks"

const formatName = "iceberg"

// format is what builds without Iceberg know of it, too.
func format() sinks.Format {
	return sinks.Format{Name: formatName, Suffixes: []string{".iceberg"}}
}
