package main

import (
	"context"
	"errors"
	"fmt"
	"net"

	"wsbridge/tcp"
	"wsbridge/tcp/lab"
)

// practice is the practice servers of this process, by name. They are reached over real sockets, like any target.
type practice map[string]*lab.Server

// startPractice starts all of them. They cost a socket each while nobody uses them, and "black-hole" two. wrap is
// given each listener and returns what is accepted from instead; nil: nothing wraps them.
func startPractice(ctx context.Context, wrap func(net.Listener) net.Listener) (practice, error) {
	p := practice{}
	for _, name := range lab.Names() {
		if err := p.start(ctx, name, wrap); err != nil {
			p.Close()
			return nil, &problem{exitRuntime, fmt.Sprintf("start practice server %s: %v", name, reason(err)), "is there a loopback interface? ip address show lo"}
		}
	}
	return p, nil
}

func (p practice) start(ctx context.Context, name string, wrap func(net.Listener) net.Listener) error {
	ln, err := lab.Listen(ctx, name, "127.0.0.1:0")
	if err != nil {
		return err
	}
	if wrap != nil {
		ln = wrap(ln)
	}
	server, err := lab.Serve(ln, name)
	if err != nil {
		return err
	}
	p[name] = server
	return nil
}

func (p practice) target(name string) tcp.Target {
	return tcp.Target{Network: "tcp", Address: p[name].Addr().String(), Name: "lab:" + name}
}

// Close ends all connections and waits for the servers.
func (p practice) Close() error {
	var errs []error
	for _, server := range p {
		errs = append(errs, server.Close())
	}
	return errors.Join(errs...)
}
