// Command wsbench measures what wsbridge costs: it starts the real binary and, beside it, a relay that copies TCP to
// TCP, drives both in turn, and prints ratios. Where websockify is installed it is measured too.
//
// What a newcomer gets wrong: seconds measured here mean nothing on another machine, nor an hour later on this one. The
// ratio to the TCP relay of the same round does. CPU time is what is counted; only the latencies are by the clock
// on the wall.
//
// Every byte that arrives is compared with the one that was sent (pattern.go). One that is not right ends the run, exit code 1.
// The relays, and the target behind them, are processes of their own (process.go); all end with wsbench.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/urfave/cli/v2"
)

func main() { os.Exit(run(os.Args, os.Stdout, os.Stderr)) }

// run is main with its exit code returned.
func run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	err := newApp(stdout, stderr).RunContext(ctx, args)
	if ctx.Err() != nil {
		err = errInterrupted // and what failed because of it is of no interest
	}
	return report(stderr, err)
}

func newApp(stdout, stderr io.Writer) *cli.App {
	cli.HelpPrinter = func(w io.Writer, _ string, _ any) { io.WriteString(w, helpText()) }
	o := &options{stdout: stdout, stderr: stderr}
	return &cli.App{
		Name:                      "wsbench",
		Usage:                     "what a bridge costs, against a plain TCP relay",
		Flags:                     o.flags(),
		Action:                    o.action,
		HideHelpCommand:           true,
		DisableSliceFlagSeparator: true,
		Writer:                    stdout,
		ErrWriter:                 stderr,
		OnUsageError:              usageError,
		ExitErrHandler:            func(*cli.Context, error) {}, // report does it
		Commands: []*cli.Command{ // what wsbench starts of itself
			{Name: targetCommand, Hidden: true, HideHelp: true, Action: func(*cli.Context) error { return helper(serveTarget) }},
			{Name: relayCommand, Hidden: true, HideHelp: true, Action: func(c *cli.Context) error { return helper(relayTo(c.Args().First())) }},
		},
	}
}
