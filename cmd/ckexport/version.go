package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/urfave/cli/v2"

	"github.com/ckexport/ckexport/pipeline/yara"
	"github.com/ckexport/ckexport/schema"
)

// version and commit are set by the linker, see the Makefile; a build by go
// install tells them itself.
var version, commit string

// versionOf returns version and commit of the binary.
func versionOf() (v, c string) {
	v, c = version, commit
	if info, ok := debug.ReadBuildInfo(); ok {
		if v == "" && info.Main.Version != "" {
			v = info.Main.Version
		}
		for _, s := range info.Settings {
			if c == "" && s.Key == "vcs.revision" {
				c = s.Value
			}
		}
	}
	if v == "" {
		v = "(devel)"
	}
	return v, c
}

func versionLine() string {
	v, c := versionOf()
	if c != "" {
		v += " (" + c[:min(len(c), 12)] + ")"
	}
	return v
}

// yaraLine says whether --scan works.
func yaraLine() string {
	if yara.Version == "" {
		return "without YARA"
	}
	return "YARA " + yara.Version
}

func versionCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:  "version",
		Usage: "print version, commit and schema version",
		Action: func(c *cli.Context) error {
			if err := atMost(0, c.Args().Slice()); err != nil {
				return err
			}
			_, err := fmt.Fprintf(std.out, "ckexport %s, schema version %d, %s %s/%s, %s\n", versionLine(), schema.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH, yaraLine())
			return err
		},
	}
}
