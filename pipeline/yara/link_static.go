//go:build yara && yara_static && cgo

package yara

// libyara and what it needs become part of the program: loading them as shared
// libraries takes every process 9 ms at its start, libcrypto most of them, and
// each machine would have to have them.

// #cgo LDFLAGS: -l:libyara.a -l:libcrypto.a -l:libmagic.a -l:libjansson.a -l:liblzma.a -l:libbz2.a -l:libz.a -lm -ldl -lpthread
import "C"
