// Package substrait stands in for github.com/substrait-io/substrait, which has
// nothing but the YAML files of Substrait's functions. iceberg-go parses all of them
// when a program starts, whether it has anything to do with Iceberg or not: 80 ms and
// 32 MiB for each process. They are of use for filters of scans only, and package
// iceberg scans nothing.
//
// go.mod replaces the module by this one. Where iceberg-go parses them when it first
// needs them, this goes.
package substrait

import "embed"

//go:embed extensions
var files embed.FS

// GetSubstraitFS returns the files, of which there are none that are parsed.
func GetSubstraitFS() embed.FS { return files }

// GetSubstraitExtensionsFS returns the same.
func GetSubstraitExtensionsFS() embed.FS { return files }
