package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ckexport/ckexport/queries"
	"github.com/ckexport/ckexport/schema"
)

// completionWord stands behind the words of a command line that a shell completes,
// the last of which is unfinished.
const completionWord = "--generate-bash-completion"

// complete prints what the last word may become, a line each; nothing where only a file
// may stand.
func complete(app *cli.App, words []string, out io.Writer) {
	if len(words) == 0 {
		words = []string{""}
	}
	last := words[len(words)-1]
	for _, w := range mayFollow(app, words[:len(words)-1], last) {
		if strings.HasPrefix(w, last) {
			fmt.Fprintln(out, w)
		}
	}
}

// mayFollow returns the words that may stand behind others.
func mayFollow(app *cli.App, before []string, last string) []string {
	command := app.Command("export")
	if len(before) > 0 {
		if before[0] == "help" {
			return commandNames(app)
		}
		if named := app.Command(before[0]); named != nil {
			command, before = named, before[1:]
		}
	} else if !strings.HasPrefix(last, "-") {
		return append(commandNames(app), "help")
	}
	others := 0 // words that are no flags, and no values of flags
	flag := ""  // whose value the word is
	for _, w := range before {
		switch {
		case flag != "":
			flag = ""
		case strings.HasPrefix(w, "-"):
			flag = valueFlag(command, w)
		default:
			others++
		}
	}
	switch {
	case flag != "":
		return valuesOf(command.Name, flag, last)
	case strings.HasPrefix(last, "-"):
		return flagNames(command)
	}
	return argumentsOf(command.Name, others)
}

func commandNames(app *cli.App) []string {
	var names []string
	for _, c := range app.Commands {
		if !c.Hidden {
			names = append(names, c.Name)
		}
	}
	return names
}

// valueFlag returns the name of a flag whose value is the next word, or nothing.
func valueFlag(command *cli.Command, word string) string {
	name := strings.TrimLeft(word, "-")
	for _, f := range command.Flags {
		if _, isBool := f.(*cli.BoolFlag); !isBool && slices.Contains(f.Names(), name) {
			return f.Names()[0]
		}
	}
	return ""
}

func flagNames(command *cli.Command) []string {
	names := []string{"--help"}
	for _, f := range command.Flags {
		if v, ok := f.(cli.VisibleFlag); !ok || v.IsVisible() {
			names = append(names, "--"+f.Names()[0])
		}
	}
	return names
}

// valuesOf returns what a flag takes, where that is one of a few words.
func valuesOf(command, flag, last string) []string {
	switch flag {
	case "format":
		return formatsOf(command)
	case "severity":
		return queries.Severities()
	case "log-level":
		return []string{"debug", "info", "warn", "error"}
	case "log-format":
		return []string{"text", "json"}
	case "compact":
		return []string{compactAuto, compactNever}
	case "logs":
		return []string{schema.LogsOutline, schema.LogsAll}
	case "scan":
		return []string{builtinRules}
	case "tables", "exclude-tables":
		return inList(last, tableNames())
	case "memory":
		return inList(last, append(schema.MemoryKinds(), allMemoryKinds))
	}
	return nil
}

// formatsOf returns the values of a command's --format.
func formatsOf(command string) []string {
	ofRows := slices.Sorted(maps.Keys(resultWriters))
	switch command {
	case "query":
		return append(ofRows, parquetFormat, bytesFormat)
	case "list", "iocs":
		return ofRows
	case "inspect":
		return inspectFormats
	case "check":
		return checkFormats
	case "diff":
		return []string{"text", "json", "markdown"}
	case "verify":
		return []string{"table", "json"}
	}
	return nil
}

// inList puts what stands before the last comma of a list in front of its words.
func inList(last string, words []string) []string {
	before := last[:strings.LastIndex(last, ",")+1]
	list := make([]string, len(words))
	for i, w := range words {
		list[i] = before + w
	}
	return list
}

// argumentsOf returns what a command takes behind that many arguments, where it is no file.
func argumentsOf(command string, others int) []string {
	switch {
	case command == "query" && others > 0:
		return queryNames()
	case command == "queries":
		names := queryNames()
		for _, g := range queries.Groups() {
			names = append(names, g.Name)
		}
		return names
	case command == "tables":
		return append(tableNames(), fullViewNames()...)
	case command == "completion" && others == 0:
		return []string{"bash", "zsh", "fish"}
	}
	return nil
}

func queryNames() []string {
	var names []string
	for _, q := range queries.All() {
		names = append(names, q.Name)
	}
	slices.Sort(names)
	return names
}

func fullViewNames() []string {
	var names []string
	for _, v := range queries.FullViews() {
		names = append(names, v.Name())
	}
	return names
}

func tableNames() []string {
	var names []string
	for _, t := range schema.Tables() {
		names = append(names, t.Name)
	}
	return names
}
