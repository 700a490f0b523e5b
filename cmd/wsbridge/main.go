// Command wsbridge makes TCP services reachable from browsers: it pairs each WebSocket connection with one TCP
// connection and relays the bytes both ways.
//
// This package is the words to and from the user (flags, environment variables, exit codes, an error and a hint)
// and the wiring of the others. Every flag has an environment variable; both are read by the same code (flags.go).
//
// Exit codes: 0 a clean end, also by SIGINT or SIGTERM; 1 something at run time, such as a port in use; 2 something
// typed wrongly; 130 or 143 a second SIGINT or SIGTERM, which waits for nothing.
package main

import (
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/urfave/cli/v2"
)

func main() { os.Exit(run(os.Args, os.Stdout, os.Stderr)) }

// run is main with its exit code returned.
func run(args []string, stdout, stderr io.Writer) int {
	signal.Ignore(syscall.SIGPIPE) // when nobody reads the log any more, sessions go on
	return report(stderr, newApp(stdout, stderr).Run(args))
}

func newApp(stdout, stderr io.Writer) *cli.App {
	c := newConfig()
	cli.VersionPrinter = func(*cli.Context) { io.WriteString(stdout, "wsbridge "+version()+"\n") }
	return &cli.App{
		Name:                  "wsbridge",
		Usage:                 "any TCP service, reachable from a browser",
		Version:               version(),
		CustomAppHelpTemplate: helpText(c.settings),
		Flags:                 cliFlags(c.settings),
		Commands:              []*cli.Command{labCommand(c, stdout), explainCommand(c, stdout), checkCommand(c, stdout, stderr), healthCommand(c)},
		Action:                func(ctx *cli.Context) error { return serveAction(ctx, c, stdout, stderr) },
		Writer:                stdout,
		ErrWriter:             stderr,
		OnUsageError:          usageError,
		ExitErrHandler:        func(*cli.Context, error) {}, // report does it
	}
}

func serveAction(ctx *cli.Context, c *config, stdout, stderr io.Writer) error {
	if err := c.read(); err != nil {
		return err
	}
	if ctx.Args().Present() {
		return unexpectedArgument(ctx.Args().Slice(), c.settings)
	}
	c.log = c.logger(stderr)
	c.warn(c.log)
	return serve(c, c.log, stdout, stderr)
}
