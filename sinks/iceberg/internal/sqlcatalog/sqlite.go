//go:build cgo

package sqlcatalog

import _ "github.com/mattn/go-sqlite3" // the driver sqlite3

const hasSQLite = true
