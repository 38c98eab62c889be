package main

import "github.com/ckexport/ckexport/pipeline/source"

// providers returns the kinds of inputs of this build. What belongs to the
// output, if there is one, is no input.
func providers(output string) []source.Provider { return []source.Provider{source.Local(output)} }
