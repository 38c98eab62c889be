package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/ckexport/ckexport/pipeline/search"
	"github.com/ckexport/ckexport/plain"
)

// writeMatches writes a line for each match.
func writeMatches(out io.Writer, f *search.Found) error {
	for i := range f.Matches {
		m := &f.Matches[i]
		text := plain.Cell(string(m.Before) + string(m.Text))
		if m.Length > len(m.Text) {
			text += fmt.Sprintf("... (%d bytes)", m.Length)
		}
		text += plain.Cell(string(m.After))
		if _, err := fmt.Fprintf(out, "%s: %s: %s: %s\n", quotedPath(f.Archive), plain.Cell(f.Container), whereOf(m), text); err != nil {
			return err
		}
	}
	return nil
}

// whereOf tells where a match stands, on one line.
func whereOf(m *search.Match) string {
	place := plain.Cell(m.Place)
	switch m.Origin {
	case "memory":
		return fmt.Sprintf("pid %d (%s) %#x %s", *m.PID, plain.Cell(m.Comm), m.Address, place)
	case "shared_memory":
		return fmt.Sprintf("shared %d+%#x %s", *m.Shmem, m.Address, place)
	}
	return fmt.Sprintf("%s %s+%d", strings.ReplaceAll(m.Origin, "_", " "), place, m.Address)
}

// writeCount writes a line for each checkpoint.
func writeCount(out io.Writer, f *search.Found) error {
	_, err := fmt.Fprintf(out, "%s: %s: %d\n", quotedPath(f.Archive), plain.Cell(f.Container), f.Count)
	return err
}

// countLine is what --count --json says of a checkpoint.
type countLine struct {
	Archive      string `json:"archive"`
	CheckpointID string `json:"checkpoint_id"`
	Container    string `json:"container"`
	Count        int    `json:"count"`
}

// matchLine is what --json says of a match. Texts are escaped, data is the bytes in
// base64.
type matchLine struct {
	Archive      string  `json:"archive"`
	CheckpointID string  `json:"checkpoint_id"`
	Container    string  `json:"container"`
	Origin       string  `json:"origin"`
	PID          *uint32 `json:"pid,omitempty"`
	Comm         string  `json:"comm,omitempty"`
	ShmemID      *uint64 `json:"shmem_id,omitempty"`
	Address      uint64  `json:"address"`
	Place        string  `json:"place"`
	Length       int     `json:"length"`
	Before       string  `json:"before,omitempty"`
	Text         string  `json:"text"`
	After        string  `json:"after,omitempty"`
	Data         []byte  `json:"data"`
}

func writeMatchesJSON(out io.Writer, f *search.Found) error {
	for i := range f.Matches {
		m := &f.Matches[i]
		err := writeJSONLine(out, matchLine{
			Archive: f.Archive, CheckpointID: f.CheckpointID, Container: f.Container, Origin: m.Origin, PID: m.PID, Comm: m.Comm, ShmemID: m.Shmem,
			Address: m.Address, Place: m.Place, Length: m.Length,
			Before: plain.Cell(string(m.Before)), Text: plain.Cell(string(m.Text)), After: plain.Cell(string(m.After)), Data: m.Text,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func writeCountJSON(out io.Writer, f *search.Found) error {
	return writeJSONLine(out, countLine{Archive: f.Archive, CheckpointID: f.CheckpointID, Container: f.Container, Count: f.Count})
}

func writeJSONLine(out io.Writer, line any) error {
	text, err := json.Marshal(line)
	if err != nil {
		return err
	}
	_, err = out.Write(append(asciiControls(text), '\n'))
	return err
}
