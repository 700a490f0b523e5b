package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"

	"wsbridge/tcp/lab"
)

func labCommand(c *config, stdout io.Writer) *cli.Command {
	return &cli.Command{
		Name:               "lab",
		CustomHelpTemplate: labHelp(),
		HideHelpCommand:    true,
		OnUsageError:       usageError,
		Action: func(ctx *cli.Context) error {
			if err := noFlags(c.settings, "lab"); err != nil {
				return err
			}
			return serveLab(ctx.Args().Slice(), stdout)
		},
	}
}

// serveLab serves NAME=ADDRESS... until SIGINT or SIGTERM.
func serveLab(args []string, stdout io.Writer) error {
	if len(args) == 0 {
		return usage("try wsbridge lab echo=:7007 line=:2323; wsbridge lab --help lists them all", "lab: which practice servers, and where?")
	}
	ending := make(chan os.Signal, 1)
	signal.Notify(ending, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(ending)
	signal.Ignore(syscall.SIGHUP)
	for _, arg := range args {
		if err := checkLabArgument(arg); err != nil {
			return valueProblem("", spellLab, arg, err)
		}
	}
	var servers []*lab.Server
	defer func() { closeServers(servers) }()
	for _, arg := range args {
		name, address, _ := strings.Cut(arg, "=")
		started, err := startLab(name, address)
		if err != nil {
			return err
		}
		servers = append(servers, started...)
		for _, s := range started {
			fmt.Fprintf(stdout, "%-11s %-16s %s\n", name, s.Addr(), lab.Describe(name))
		}
	}
	host, port, _ := net.SplitHostPort(reachableAt(args[0][strings.Index(args[0], "=")+1:], servers[0].Addr()))
	fmt.Fprintf(stdout, "Try it: nc %s %s    End: Ctrl-C\n", host, port)
	<-ending
	return closeServers(servers)
}

func spellLab(arg string) string { return "wsbridge lab " + quote(arg) }

func checkLabArgument(arg string) error {
	name, address, ok := strings.Cut(arg, "=")
	if !ok {
		return &valueError{what: "not NAME=HOST:PORT", tries: []string{"echo=:7007"}, note: "wsbridge lab --help lists the names"}
	}
	if err := checkLab(name, ""); err != nil {
		e := err.(*valueError)
		e.tries[0] += "=" + address
		return e
	}
	err := checkAddress(address)
	if e, ok := err.(*valueError); ok {
		for i := range e.tries {
			e.tries[i] = name + "=" + strings.Replace(e.tries[i], "9998", "7007", 1)
		}
	}
	return err
}

func startLab(name, address string) ([]*lab.Server, error) {
	listenFor := func(ctx context.Context, address string) (net.Listener, error) { return lab.Listen(ctx, name, address) }
	listeners, err := listenWith(context.Background(), address, listenFor)
	if err != nil {
		return nil, listenProblem(address, err, func(address string) string { return spellLab(name + "=" + address) })
	}
	var servers []*lab.Server
	for _, ln := range listeners {
		server, err := lab.Serve(ln, name)
		if err != nil {
			return nil, err
		}
		servers = append(servers, server)
	}
	return servers, nil
}

func closeServers(servers []*lab.Server) error {
	var errs []error
	for _, s := range servers {
		errs = append(errs, s.Close())
	}
	if err := errors.Join(errs...); err != nil {
		return &problem{code: exitRuntime, what: fmt.Sprintf("lab: %v", err)}
	}
	return nil
}
