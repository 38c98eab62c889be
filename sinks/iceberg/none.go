//go:build noiceberg

package iceberg

import (
	"github.com/ckexport/ckexport/objectstore"
	"github.com/ckexport/ckexport/sinks"
)

// Format returns the kind of output, which this build does not have.
func Format(sinks.Engine) sinks.Format {
	f := format()
	f.Missing = "this build has no Iceberg"
	return f
}

// BucketFormat returns the kind of output, which this build does not have.
func BucketFormat(engine sinks.Engine, _ objectstore.Options) sinks.Format {
	f := Format(engine)
	f.Scheme = objectstore.Scheme
	return f
}

// CatalogFormat returns the kind of output, which this build does not have.
func CatalogFormat(engine sinks.Engine, _ objectstore.Options, _ string) sinks.Format {
	f := catalogFormat()
	f.Missing = Format(engine).Missing
	return f
}
