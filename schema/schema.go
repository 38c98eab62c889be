// Package schema says what the tables are: a struct per row, documentation
// per column, and from these the Arrow schemas, the record batches and the
// data dictionary. It knows nothing of checkpoints or files.
//
// To add a table, write a row struct, a slice of it in Rows, and a line in
// list and in comparisons.
package schema
