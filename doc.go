// Package ckexport is the module's root; the command is in cmd/ckexport.
package ckexport
