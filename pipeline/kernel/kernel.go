// Package kernel has the numbers of Linux that images and archives hold: of flags,
// kinds, limits, and sizes of structs. They are those of the machine that was
// checkpointed, so they are the same wherever this runs, also where
// golang.org/x/sys/unix has none of them or others.
//
// They are made from golang.org/x/sys/unix, as that has them for Linux on x86_64: to
// use another constant, write it and run go generate.
package kernel

//go:generate go run generate.go
