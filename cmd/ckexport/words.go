package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/urfave/cli/v2"
)

// withCommand puts the command export in front of arguments that name none,
// and flags in front of inputs: they may stand behind them too.
func withCommand(app *cli.App, args []string) ([]string, error) {
	if len(args) < 2 {
		return args, nil
	}
	rest := args[1:]
	name := "export"
	switch first := rest[0]; {
	case app.Command(first) != nil:
		name, rest = first, rest[1:]
	case first == "help":
		return withHelp(app, args)
	case slices.Contains([]string{"-h", "--help", "-v", "--version"}, first):
		return args, nil
	default:
		if err := mistyped(app, first); err != nil {
			return nil, err
		}
	}
	words, err := flagsFirst(app.Command(name), rest)
	return append([]string{args[0], name}, words...), err
}

// atMost refuses arguments behind the first n, which would be of no effect.
func atMost(n int, args []string) error {
	if len(args) <= n {
		return nil
	}
	return usagef("argument %q is one too many", args[n])
}

// withHelp turns help COMMAND into COMMAND --help.
func withHelp(app *cli.App, args []string) ([]string, error) {
	if len(args) < 3 || strings.HasPrefix(args[2], "-") {
		return []string{args[0], "--help"}, nil
	}
	name := args[2]
	if app.Command(name) == nil {
		hint := "ckexport help lists them"
		if similar := similarCommand(app, name); similar != "" {
			hint = "did you mean " + similar + "?"
		}
		return nil, &usageError{err: fmt.Errorf("no command %q", name), hint: hint}
	}
	return []string{args[0], name, "--help"}, atMost(3, args)
}

// mistyped finds a first word that is nearly a command, and no input.
func mistyped(app *cli.App, first string) error {
	similar := similarCommand(app, first)
	if similar == "" {
		return nil
	}
	if _, err := os.Lstat(first); err == nil {
		return nil
	}
	return &usageError{err: fmt.Errorf("no command %q, and no such file", first), hint: "did you mean " + similar + "?"}
}

// similarCommand returns the command that a word comes nearest to, if that is near.
func similarCommand(app *cli.App, text string) string { return nearest(text, commandNames(app)) }

// nearest returns the name that a word comes nearest to, if that is near.
func nearest(text string, names []string) string {
	best, least := "", 3 // letters that are wrong, missing or too many
	for _, name := range names {
		if n := levenshtein.ComputeDistance(text, name); n < least && n*2 <= len(name) {
			best, least = name, n
		}
	}
	return best
}

// flagsFirst moves flags, with their values, in front of other arguments. An empty
// value is that of a variable nobody has set: it is no value, rather than the default,
// as an empty --before would have all checkpoints forgotten.
func flagsFirst(command *cli.Command, args []string) ([]string, error) {
	takesValue := map[string]bool{}
	for _, f := range command.Flags {
		_, isBool := f.(*cli.BoolFlag)
		for _, n := range f.Names() {
			takesValue[n] = !isBool
		}
	}
	var flags, others []string
	for i := 0; i < len(args); i++ {
		a := args[i]
		if a == "--" {
			others = append(others, args[i+1:]...)
			break
		}
		if len(a) < 2 || a[0] != '-' {
			others = append(others, a)
			continue
		}
		flags = append(flags, a)
		name, value, hasValue := strings.Cut(strings.TrimLeft(a, "-"), "=")
		if !takesValue[name] || value != "" {
			continue
		}
		if hasValue || i+1 < len(args) && args[i+1] == "" {
			return nil, usagef("%s needs a value, and that is empty", strings.TrimSuffix(a, "="))
		}
		if i++; i == len(args) {
			return nil, &usageError{err: fmt.Errorf("%s stands last, and needs a value", a), hint: "ckexport " + command.Name + " --help"}
		}
		next, _, _ := strings.Cut(strings.TrimLeft(args[i], "-"), "=")
		if _, isFlag := takesValue[next]; isFlag && args[i][0] == '-' {
			return nil, &usageError{err: fmt.Errorf("%s needs a value, and %s, which follows it, is a flag", a, args[i]), hint: fmt.Sprintf("%s=%s, if that is the value", a, args[i])}
		}
		flags = append(flags, args[i])
	}
	return append(append(flags, "--"), others...), nil
}
