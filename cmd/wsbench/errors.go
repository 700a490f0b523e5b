package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"
)

// Exit codes.
const (
	exitRuntime     = 1
	exitUsage       = 2
	exitInterrupted = 130
)

// problem is an error for people: what happened, what to do about it, and the exit code.
type problem struct {
	code int
	what string
	hint string
}

func (p *problem) Error() string { return p.what }

var errInterrupted = &problem{exitInterrupted, "interrupted; every process it started has ended", ""}

func usage(hint, format string, args ...any) *problem {
	return &problem{exitUsage, fmt.Sprintf(format, args...), hint}
}

// usageError is for arguments that urfave/cli cannot read.
func usageError(_ *cli.Context, err error, _ bool) error {
	what := strings.Replace(err.Error(), "flag provided but not defined: -", "unknown flag --", 1)
	return usage("wsbench --help lists the flags", "%s", what)
}

// report prints err, if it is one, and returns the exit code.
func report(stderr io.Writer, err error) int {
	if err == nil {
		return 0
	}
	var p *problem
	if !errors.As(err, &p) {
		p = &problem{code: exitRuntime, what: err.Error()}
	}
	fmt.Fprintf(stderr, "wsbench: %s\n", p.what)
	if p.hint != "" {
		fmt.Fprintf(stderr, "wsbench: hint: %s\n", p.hint)
	}
	return p.code
}
