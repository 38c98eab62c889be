//go:build !linux

package main

func backHeapByHugePages() {}
