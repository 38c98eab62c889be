package sinks

// Policy is how rows were made, where all rows of an output must be made in the
// same way. It is kept in the output, which rows of another policy are not
// added to.
type Policy struct {
	// Redaction says which secrets are replaced, and under which key; empty for
	// none.
	Redaction string `json:"redaction,omitempty"`
	// AllLogLines says that every line of CRIU's logs has a row, not only those
	// that tell of problems or facts.
	AllLogLines bool `json:"all_log_lines,omitempty"`
}
