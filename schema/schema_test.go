package schema

import "testing"

// TestTablesDerive checks what every other package relies on: each row struct
// yields columns, each documented, with no name twice and keys that exist.
func TestTablesDerive(t *testing.T) {
	for _, tab := range Tables() {
		seen := map[string]bool{}
		for _, c := range tab.Columns {
			if c.Doc == "" {
				t.Errorf("%s.%s has no documentation", tab.Name, c.Name)
			}
			if seen[c.Name] {
				t.Errorf("%s.%s occurs twice", tab.Name, c.Name)
			}
			seen[c.Name] = true
		}
		for _, k := range tab.Key {
			if !seen[k] {
				t.Errorf("%s: key column %s does not exist", tab.Name, k)
			}
		}
	}
}
