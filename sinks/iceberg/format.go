package iceberg

import "github.com/ckexport/ckexport/sinks"

const formatName = "iceberg"

// format is what builds without Iceberg know of it, too.
func format() sinks.Format {
	return sinks.Format{Name: formatName, Suffixes: []string{".iceberg"}}
}

// catalogScheme is that of outputs in a catalog.
const catalogScheme = "iceberg"

// catalogFormat is what builds without Iceberg know of outputs in a catalog.
func catalogFormat() sinks.Format { return sinks.Format{Name: formatName, Scheme: catalogScheme} }
