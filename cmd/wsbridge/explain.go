package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"

	"wsbridge/explain"
)

func explainCommand(c *config, stdout io.Writer) *cli.Command {
	r := &retelling{}
	settings := r.settings()
	return &cli.Command{
		Name:               "explain",
		CustomHelpTemplate: explainHelp(settings),
		HideHelpCommand:    true,
		OnUsageError:       usageError,
		Flags:              cliFlags(settings),
		Action: func(ctx *cli.Context) error {
			if err := noFlags(c.settings, "explain"); err != nil {
				return err
			}
			for _, s := range settings {
				if err := s.load(); err != nil {
					return err
				}
			}
			return r.run(ctx.Args().Slice(), stdout)
		},
	}
}

// retelling is wsbridge explain: a file of --trace=json as text.
type retelling struct {
	trace
	bytes bool
}

func (r *retelling) settings() []*setting {
	return append([]*setting{
		{name: "bytes", read: boolean(&r.bytes), help: "show the bytes too, labelled"},
	}, r.trace.settings("")[1:]...)
}

func (r *retelling) run(args []string, stdout io.Writer) error {
	if len(args) > 1 && strings.HasPrefix(args[1], "-") {
		return usage("flags stand in front of the file: wsbridge explain "+args[1]+" "+quote(args[0]), "explain: %s behind the file", quote(args[1]))
	}
	if len(args) != 1 {
		return usage("try wsbridge --trace=json > trace.jsonl, and then wsbridge explain trace.jsonl", "explain: which file? One, or - for standard input")
	}
	name, in := args[0], io.Reader(os.Stdin)
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return &problem{exitRuntime, fmt.Sprintf("explain %s: %v", quote(name), reason(err)), "is it there, and yours to read? ls -l " + quote(name)}
		}
		defer file.Close()
		in = file
	}
	o := r.options(stdout)
	if o.Form = explain.AsText; r.bytes {
		o.Form = explain.AsBytes
	}
	return r.problem(name, explain.Retell(stdout, in, o))
}

func (r *retelling) problem(name string, err error) error {
	var line *explain.LineError
	switch {
	case err == nil, errors.Is(err, syscall.EPIPE): // nobody reads on, as behind | head
		return nil
	case errors.As(err, &line):
		return &problem{exitRuntime, fmt.Sprintf("explain %s: %v", quote(name), err),
			"each line must be one event, as wsbridge --trace=json prints them on standard output (the log is on stderr)"}
	}
	return &problem{code: exitRuntime, what: fmt.Sprintf("explain %s: %v", quote(name), reason(err))}
}

func explainHelp(settings []*setting) string {
	help := `wsbridge explain FILE

Tells as text what happened in the sessions of FILE, which --trace=json printed or which was saved
from the page. - is standard input.

Examples:
  wsbridge --trace=json > trace.jsonl        and later: wsbridge explain trace.jsonl
  wsbridge explain --bytes --lang zh trace.jsonl
  wsbridge --trace=json --target localhost:7 | tee trace.jsonl | wsbridge explain -

Flags (before FILE):
`
	for _, s := range settings {
		help += flagHelp(s)
	}
	return help
}
