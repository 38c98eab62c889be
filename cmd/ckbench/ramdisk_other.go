//go:build !linux

package main

// ramDisk returns "": where a RAM disk is, only Linux tells in one way.
func ramDisk() string { return "" }
