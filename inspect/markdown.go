package inspect

import (
	"fmt"
	"io"
	"strings"
)

// WriteMarkdown writes checkpoints as Markdown: a heading for each, and its tree as
// nested lists. What came from an archive is escaped.
func WriteMarkdown(out io.Writer, all []*Checkpoint, s Sections) error {
	for i, c := range all {
		if i > 0 {
			if _, err := fmt.Fprintln(out); err != nil {
				return err
			}
		}
		root := c.tree(s)
		if _, err := fmt.Fprintf(out, "# %s\n\n", escapeMarkdown(root.text)); err != nil {
			return err
		}
		if err := root.writeList(out, ""); err != nil {
			return err
		}
	}
	return nil
}

func (b *branch) writeList(out io.Writer, indent string) error {
	for _, child := range b.branches {
		if _, err := fmt.Fprintf(out, "%s- %s\n", indent, escapeMarkdown(child.text)); err != nil {
			return err
		}
		if err := child.writeList(out, indent+"  "); err != nil {
			return err
		}
	}
	return nil
}

// escapeMarkdown escapes what begins markup, as CommonMark allows for any of ASCII's
// punctuation.
func escapeMarkdown(text string) string {
	var b strings.Builder
	for _, r := range text {
		if strings.ContainsRune("\\`*_{}[]<>()#+!|&~$^", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
