package sqltext

// Rows is what the result of a query has, such as that of database/sql.
type Rows interface {
	Columns() ([]string, error)
	Next() bool
	Scan(to ...any) error
	Err() error
}

// Each calls do with the names of the columns and the values of each row; both
// are good until it returns. It ends with the first error.
func Each(rows Rows, do func(names []string, values []any) error) error {
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	values, places := make([]any, len(names)), make([]any, len(names))
	for i := range values {
		places[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(places...); err != nil {
			return err
		}
		if err := do(names, values); err != nil {
			return err
		}
	}
	return rows.Err()
}
