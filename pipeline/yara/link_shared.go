//go:build yara && !yara_static && cgo

package yara

// #cgo pkg-config: yara
import "C"
