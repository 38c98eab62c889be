// Package rules holds the YARA rules that ship with ckexport: what responders
// look for in the memory and the changed files of a container. Each names in its
// meta section what it finds, where the idea comes from, and how bad it is.
package rules

import (
	"embed"
	"io/fs"

	"github.com/ckexport/ckexport/pipeline/yara"
)

//go:embed *.yar
var files embed.FS

// Namespace is what the namespaces of the rules begin with.
const Namespace = "builtin/"

// Files returns the files of rules.
func Files() []yara.File {
	names, err := fs.Glob(files, "*.yar")
	if err != nil {
		panic(err) // the pattern is well-formed
	}
	list := make([]yara.File, 0, len(names))
	for _, name := range names {
		text, err := files.ReadFile(name)
		if err != nil {
			panic(err) // it is embedded
		}
		list = append(list, yara.File{Name: Namespace + name, Text: string(text)})
	}
	return list
}
