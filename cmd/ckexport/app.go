package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"

	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/plain"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/duckdb"
)

// Messages: an error is one line, lower case, and names the file and the
// cause; a hint about what to do stands on a line of its own. Nothing that
// came from an archive is printed unquoted.

// Exit codes. They are part of the interface, see the help text.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitBadArchives = 3
	exitNewFindings = 4
	exitInterrupted = 130
	exitUnread      = 141 // as shells tell of a program that SIGPIPE ended
)

const exitCodesHelp = `EXIT CODES:
   0    all archives are exported, or were already
   1    the run failed; nothing of it is visible in the output, unless the error says that all of it is;
        commit: some shards are not done
   2    wrong usage: flags, an input that does not exist, an output that is not written to
   3    finished, but some archives failed or are partial: see standard error, and the tables archives and problems;
        verify: the output is damaged, or differs from the archives
   4    check: findings of the severity asked for, or a worse one, are new
   130  interrupted; what was exported before is kept
   141  nobody reads standard output any more`

// streams are the command's standard streams.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// usageError is a mistake of the caller.
type usageError struct {
	err  error
	hint string
}

func (e *usageError) Error() string { return e.err.Error() }

func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return &usageError{err: fmt.Errorf(format, args...)} }

// Ends of a run that are no failures of it; what happened has been said.
var (
	errBadArchives = errors.New("some archives failed or are partial")
	errInterrupted = errors.New("interrupted")
	errNewFindings = errors.New("there are new findings")
)

// run runs the command and returns its exit code.
func run(ctx context.Context, args []string, std streams) int {
	help := &helpWriter{Writer: std.out}
	app := newApp(std)
	app.Writer = help
	if n := len(args); n > 1 && args[n-1] == completionWord {
		complete(app, args[1:n-1], std.out)
		return exitOK
	}
	words, err := withCommand(app, args)
	if err == nil {
		err = app.RunContext(ctx, words)
	}
	if err == nil {
		err = help.failed
	}
	if isUnread(err) {
		return exitUnread
	}
	if ctx.Err() != nil && duckdb.IsInterrupted(err) {
		return exitInterrupted // DuckDB has no word of the context's
	}
	code := exitCode(err)
	if code == exitOK || code == exitBadArchives || code == exitNewFindings || code == exitInterrupted || errors.Is(err, errNothing) {
		return code
	}
	tellError(std.err, err, code, logsJSON(args))
	return code
}

// helpWriter is where the cli package writes help and the version. It does not look
// whether that worked.
type helpWriter struct {
	io.Writer
	failed error
}

func (h *helpWriter) Write(data []byte) (int, error) {
	n, err := h.Writer.Write(data)
	h.failed = cmp.Or(h.failed, err)
	return n, err
}

// isUnread tells whether writing failed as whoever read standard output has ended, as
// head does. There is nothing to tell then.
func isUnread(err error) bool {
	var failed *fs.PathError
	return errors.As(err, &failed) && failed.Path == os.Stdout.Name() && errors.Is(failed, syscall.EPIPE)
}

// tellError tells why the command failed, where logs are JSON as a line of them.
func tellError(out io.Writer, err error, code int, asJSON bool) {
	hint := ""
	var usage *usageError
	switch {
	case errors.As(err, &usage):
		hint = usage.hint
	case errors.As(err, new(*sandboxError)):
		hint = sandboxHint
	}
	if asJSON {
		attrs := []any{"error", err.Error(), "exit_code", code}
		if hint != "" {
			attrs = append(attrs, "hint", hint)
		}
		slog.New(slog.NewJSONHandler(out, &slog.HandlerOptions{ReplaceAttr: printableAttr})).Error("ckexport failed", attrs...)
		return
	}
	// a line end within the name of a file must not begin a line of its own
	fmt.Fprintf(out, "ckexport: %s\n", strings.ReplaceAll(plain.Printable(err.Error()), "\n", "\n  "))
	if hint != "" {
		fmt.Fprintf(out, "hint: %s\n", hint)
	}
}

// logsJSON tells whether the arguments ask for logs as JSON, even if others of them
// are wrong.
func logsJSON(args []string) bool {
	for i, a := range args {
		name, value, hasValue := strings.Cut(strings.TrimLeft(a, "-"), "=")
		if !strings.HasPrefix(a, "-") || name != "log-format" {
			continue
		}
		if !hasValue && i+1 < len(args) {
			value = args[i+1]
		}
		return value == "json"
	}
	return false
}

// exitCode returns the exit code of a command that ended with err.
func exitCode(err error) int {
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errNewFindings):
		return exitNewFindings
	case errors.Is(err, errBadArchives), errors.Is(err, errDamaged):
		return exitBadArchives
	case errors.Is(err, errNothing):
		return exitFailed
	case errors.Is(err, errInterrupted), errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, new(*usageError)), errors.As(err, new(*source.InputError)), errors.As(err, new(*sinks.RefusedError)):
		return exitUsage
	}
	return exitFailed
}

func newApp(std streams) *cli.App {
	app := &cli.App{
		Name:                   "ckexport",
		Usage:                  "turn container checkpoint archives into tables",
		UsageText:              "ckexport [export] INPUT... -o OUT\nckexport watch DIR... -o OUT\nckexport commit OUT --run NAME\nckexport inspect ARCHIVE...\nckexport list INPUT...\nckexport query OUT... 'SQL'|NAME\nckexport check OUT...\nckexport diff OUT... BEFORE AFTER\nckexport extract INPUT... -o DIR\nckexport grep PATTERN INPUT...\nckexport iocs OUT... FILE...\nckexport report OUT... -o PAGE.html\nckexport merge OUT... -o ALL\nckexport verify OUT [--against INPUT...]\nckexport tables [NAME]",
		Version:                versionLine(),
		Description:            "Reads checkpoints of Podman, CRI-O, containerd and CRIU, and writes a Parquet dataset (fleet.parquet, a sub-folder per table),\na DuckDB database (fleet.duckdb) or Iceberg tables (fleet.iceberg). A run adds what is new: archives the output knows are not read again.",
		CustomAppHelpTemplate:  cli.AppHelpTemplate + "\n" + exitCodesHelp + "\n",
		Commands:               []*cli.Command{exportCommand(std), watchCommand(std), commitCommand(std), compactCommand(std), forgetCommand(std), mergeCommand(std), inspectCommand(std), listCommand(std), queryCommand(std), checkCommand(std), diffCommand(std), extractCommand(std), grepCommand(std), iocsCommand(std), reportCommand(std), queriesCommand(std), verifyCommand(std), tablesCommand(std), versionCommand(std), completionCommand(std), manCommand(std)},
		Reader:                 std.in,
		ErrWriter:              std.err,
		HideHelpCommand:        true,
		Suggest:                true,
		UseShortOptionHandling: false,
		OnUsageError:           onUsageError,
		ExitErrHandler:         func(*cli.Context, error) {}, // run settles it
	}
	for _, command := range app.Commands {
		command.OnUsageError = onUsageError
		if slices.ContainsFunc(command.Flags, func(f cli.Flag) bool { return f.Names()[0] == "catalog" }) {
			command.Before = checkCatalog
		}
	}
	return app
}

// onUsageError takes a mistake in flags: one line, without the whole help.
func onUsageError(c *cli.Context, err error, _ bool) error {
	hint := "ckexport --help"
	if c.Command != nil && c.Command.Name != "" && c.Command.Name != "ckexport" {
		hint = "ckexport " + c.Command.Name + " --help"
	}
	return &usageError{err: err, hint: hint}
}
