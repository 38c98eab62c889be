package main

import (
	"fmt"

	"github.com/urfave/cli/v2"
)

// The scripts ask the command itself: urfave/cli answers
// --generate-bash-completion with the words that may follow.
const bashCompletion = `_ckexport() {
  local cur="${COMP_WORDS[COMP_CWORD]}"
  if [[ "$cur" == -* || $COMP_CWORD -eq 1 ]]; then
    COMPREPLY=($(compgen -W "$("${COMP_WORDS[@]:0:$COMP_CWORD}" $cur --generate-bash-completion 2>/dev/null)" -- "$cur"))
  fi
  if [[ ${#COMPREPLY[@]} -eq 0 ]]; then COMPREPLY=($(compgen -f -- "$cur")); fi
}
complete -o filenames -F _ckexport ckexport
`

const zshCompletion = `#compdef ckexport
_ckexport() {
  local -a words_found
  local cur="${words[-1]}"
  if [[ "$cur" == -* || ${#words} -eq 2 ]]; then
    words_found=("${(@f)$(${words[@]:0:#words[@]-1} ${cur} --generate-bash-completion 2>/dev/null)}")
    _describe 'values' words_found
  fi
  _files
}
compdef _ckexport ckexport
`

func completionCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:        "completion",
		Usage:       "print a shell completion script",
		ArgsUsage:   "bash|zsh|fish",
		Description: "bash: source <(ckexport completion bash)\nzsh:  source <(ckexport completion zsh)\nfish: ckexport completion fish | source",
		Action: func(c *cli.Context) error {
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
