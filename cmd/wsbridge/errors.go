package main

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/urfave/cli/v2"
)

// Exit codes; see the package comment.
const (
	exitRuntime = 1
	exitUsage   = 2
)

// problem is an error for people: what happened, what to type instead, and the exit code.
type problem struct {
	code int
	what string
	hint string
}

func (p *problem) Error() string { return p.what }

// exitStatus ends the program with a code and no words.
type exitStatus int

func (s exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

func usage(hint, format string, args ...any) *problem {
	return &problem{exitUsage, fmt.Sprintf(format, args...), hint}
}

// report prints err, if it is one, and returns the exit code.
func report(stderr io.Writer, err error) int {
	var status exitStatus
	var p *problem
	switch {
	case err == nil:
		return 0
	case errors.As(err, &status):
		return int(status)
	case !errors.As(err, &p): // urfave/cli's own, about arguments
		p = usage("wsbridge --help lists flags and commands", "%v", err)
	}
	fmt.Fprintf(stderr, "wsbridge: %s\n", p.what)
	if p.hint != "" {
		fmt.Fprintf(stderr, "wsbridge: hint: %s\n", p.hint)
	}
	return p.code
}

// flagErrors is how package flag says that arguments are no flags.
var flagErrors = []struct {
	pattern *regexp.Regexp
	what    string
}{
	{regexp.MustCompile(`^flag provided but not defined: -(.*)$`), "unknown flag --%s"},
	{regexp.MustCompile(`^flag needs an argument: -(.*)$`), "--%s needs a value"},
	{regexp.MustCompile(`^bad flag syntax: (.*)$`), "%s is no flag"},
}

// usageError puts an error of package flag into our words.
func usageError(ctx *cli.Context, err error, _ bool) error {
	help := strings.TrimPrefix(ctx.Command.HelpName+" --help", " ")
	for _, e := range flagErrors {
		m := e.pattern.FindStringSubmatch(err.Error())
		if m == nil {
			continue
		}
		hint := help + " lists the flags"
		if near := closest(m[1], flagNames(ctx.Command.Flags)); near != "" && near != m[1] {
			hint = fmt.Sprintf("did you mean --%s? %s", near, hint)
		}
		return usage(hint, e.what, m[1])
	}
	return usage(help+" lists the flags", "%v", err)
}

func flagNames(flags []cli.Flag) []string {
	var names []string
	for _, f := range flags {
		names = append(names, f.Names()...)
	}
	return names
}

// unexpectedArgument guesses what somebody meant who typed a word where only flags and commands go.
func unexpectedArgument(args []string, settings []*setting) error {
	word, hint := args[0], "wsbridge --help lists flags and commands"
	switch s := findSetting(settings, word); {
	case s != nil && len(args) > 1:
		hint = fmt.Sprintf("did you mean %s?", s.asFlag(args[1]))
	case s != nil:
		hint = fmt.Sprintf("did you mean --%s?", word)
	case new(trace).readForm(word) == nil:
		hint = fmt.Sprintf("did you mean --trace=%s?", word)
	case new(config).addTarget(word) == nil:
		hint = fmt.Sprintf("did you mean --target %s?", quote(word))
	default:
		if near := closest(word, []string{"lab", "explain", "check", "healthcheck", "help"}); near != "" {
			hint = fmt.Sprintf("did you mean wsbridge %s?", near)
		}
	}
	return usage(hint, "unexpected argument %s", quote(word))
}
