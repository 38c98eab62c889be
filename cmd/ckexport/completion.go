package main

import (
	"fmt"

	"github.com/urfave/cli/v2"
)

// The scripts ask the command itself which words may follow (complete); where it
// knows none, a file may.
const bashCompletion = `_ckexport() {
  local IFS=$'\n' cur="${COMP_WORDS[COMP_CWORD]}"
  COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" "${COMP_WORDS[@]:1:COMP_CWORD}" ` + completionWord + ` 2>/dev/null)" -- "$cur"))
  if [[ ${#COMPREPLY[@]} -eq 0 ]]; then
    compopt -o filenames 2>/dev/null
    COMPREPLY=($(compgen -f -- "$cur"))
  fi
}
complete -F _ckexport ckexport
`

const zshCompletion = `#compdef ckexport
_ckexport() {
  local -a found
  found=("${(@f)$("${words[1]}" "${(@)words[2,CURRENT]}" ` + completionWord + ` 2>/dev/null)}")
  if [[ -n "${found[1]}" ]]; then compadd -a found; else _files; fi
}
if [[ "${funcstack[1]}" == _ckexport ]]; then _ckexport "$@"; else compdef _ckexport ckexport; fi
`

func completionCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:        "completion",
		Usage:       "print a shell completion script",
		ArgsUsage:   "bash|zsh|fish",
		Description: "bash: source <(ckexport completion bash)\nzsh:  source <(ckexport completion zsh)\nfish: ckexport completion fish | source",
		Action: func(c *cli.Context) error {
			if err := atMost(1, c.Args().Slice()); err != nil {
				return err
			}
			var script string
			var err error
			switch shell := c.Args().First(); shell {
			case "bash":
				script = bashCompletion
			case "zsh":
				script = zshCompletion
			case "fish":
				script, err = c.App.ToFishCompletion()
			default:
				return usagef("completion for %q: want bash, zsh or fish", shell)
			}
			if err == nil {
				_, err = fmt.Fprint(std.out, script)
			}
			return err
		},
	}
}
