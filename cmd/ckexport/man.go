package main

import (
	"fmt"

	"github.com/urfave/cli/v2"
)

// manCommand prints the manual page, for packages.
func manCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:   "man",
		Usage:  "print the manual page",
		Hidden: true,
		Action: func(c *cli.Context) error {
			if err := atMost(0, c.Args().Slice()); err != nil {
				return err
			}
			page, err := c.App.ToManWithSection(1)
			if err == nil {
				_, err = fmt.Fprint(std.out, page)
			}
			return err
		},
	}
}
