//go:build !linux

package main

// sandboxCommands are commands that the tests of the sandbox start.
var sandboxCommands map[string]func()
