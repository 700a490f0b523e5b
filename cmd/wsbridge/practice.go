package main

import (
	"context"
	"errors"
	"fmt"

	"wsbridge/tcp"
	"wsbridge/tcp/lab"
)

// practice is the practice servers of this process, by name. They are reached over real sockets, like any target.
type practice map[string]*lab.Server

// startPractice starts all of them. They cost a socket each while nobody uses them.
func startPractice(ctx context.Context) (practice, error) {
	p := practice{}
	for _, name := range lab.Names() {
		if err := p.start(ctx, name); err != nil {
			p.Close()
			return nil, &problem{exitRuntime, fmt.Sprintf("start practice server %s: %v", name, reason(err)), "is there a loopback interface? ip address show lo"}
		}
	}
	return p, nil
}

func (p practice) start(ctx context.Context, name string) error {
	ln, err := tcp.Listen(ctx, "127.0.0.1:0")
	if err != nil {
		return err
	}
	p[name], err = lab.Serve(ln, name)
	return err
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
