//go:build !cgo

package sqlcatalog

const hasSQLite = false
