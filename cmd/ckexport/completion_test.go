package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestCompletion has the shells complete command lines with the scripts: what they are
// to offer is the last words, one of which is asked for.
func TestCompletion(t *testing.T) {
	shells := map[string]string{
		"bash": `source <(ckexport completion bash); COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _ckexport; printf '%s\n' "${COMPREPLY[@]}"`,
		"zsh": `compdef() { :; }; compadd() { print -l -- "${found[@]}"; }; _files() { print -l -- "${words[CURRENT]}"*(N); }
			source <(ckexport completion zsh); words=("$@"); CURRENT=$#; _ckexport`,
	}
	for shell, script := range shells {
		if _, err := exec.LookPath(shell); err != nil {
			t.Errorf("%s is missing; on Debian: apt-get install %s", shell, shell)
			continue
		}
		for _, test := range []struct {
			line      []string
			want, not string
		}{
			{[]string{"ins"}, "inspect", "query"},
			{[]string{""}, "help", "man"},
			{[]string{"help", "ver"}, "verify", "export"},
			{[]string{"archives", "--over"}, "--overwrite", "--settled"},
			{[]string{"query", "fleet.duckdb", "rev"}, "reverse-shells", "fleet"},
			{[]string{"query", "fleet.duckdb", "--pa"}, "--param", "--payloads"},
			{[]string{"query", "fleet.duckdb", "fleet", "--format", ""}, "jsonl", "sarif"},
			{[]string{"check", "fleet.duckdb", "--format", "s"}, "sarif", "table"},
			{[]string{"check", "--severity", ""}, "medium", "bash"},
			{[]string{"archives", "--tables", "processes,sock"}, "processes,sockets", "processes"},
			{[]string{"export", "--memory", "pages,"}, "pages,strings", "strings"},
			{[]string{"archives", "--compact", ""}, "never", "export"},
			{[]string{"tables", "proc"}, "processes", "sockets"},
			{[]string{"tables", "sockets_"}, "sockets_full", "sockets"},
			{[]string{"queries", "rev"}, "reverse-shells", "secrets"},
			{[]string{"completion", ""}, "zsh", "export"},
			{[]string{"query", "completion_te"}, "completion_test.go", "reverse-shells"},
		} {
			args := append([]string{"-c", script, shell, "ckexport"}, test.line...)
			if shell == "zsh" {
				args = append([]string{"-f"}, args...)
			}
			out, err := exec.Command(shell, args...).Output()
			if err != nil {
				t.Errorf("%s, %q: %v", shell, test.line, err)
			}
			offered := strings.Split(strings.TrimSpace(string(out)), "\n")
			if !slices.Contains(offered, test.want) || slices.Contains(offered, test.not) {
				t.Errorf("%s, %q: offers %q; want %s, and not %s", shell, test.line, offered, test.want, test.not)
			}
		}
	}
}
