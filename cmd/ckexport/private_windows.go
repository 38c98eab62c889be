package main

// keepFilesPrivate has nothing to do: files get the rights of their folder here.
func keepFilesPrivate() {}
