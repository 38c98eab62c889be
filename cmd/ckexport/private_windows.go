package main

import "io/fs"

// keepFilesPrivate has nothing to do: files get the rights of their folder here.
func keepFilesPrivate() {}

// isOwn has nothing to tell: each user has a folder for what is temporary.
func isOwn(fs.FileInfo) bool { return true }
