package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// reference is the name of the relay that all others are compared with.
const reference = "tcp"

// relayKind is something to measure.
type relayKind struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	Command string `json:"command"` // for people; TARGET and 127.0.0.1:0 stand in it

	ws      bool  // clients speak WebSocket to it
	slower  int64 // amounts are divided by it
	maxIdle int   // most connections that it bears; 0: any number
	path    string
	args    func(target string) []string
}

func (k *relayKind) start(ctx context.Context, target string) (*process, error) {
	p, err := start(ctx, k.path, k.args(target)...)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", k.Name, err)
	}
	return p, nil
}

// describe fills in Command.
func (k *relayKind) describe() *relayKind {
	k.Command = strings.Join(append([]string{filepath.Base(k.path)}, k.args("TARGET")...), " ")
	return k
}

// tcpRelay is the reference: this program again, with the command in relay.go.
func tcpRelay(self string) *relayKind {
	k := &relayKind{Name: reference, Version: "wsbench's own, TCP to TCP, one 64 KiB buffer per direction", slower: 1, path: self}
	k.args = func(target string) []string { return []string{relayCommand, target} }
	return k.describe()
}

func bridgeRelay(name, path string) (*relayKind, error) {
	version, err := exec.Command(path, "--version").Output()
	if err != nil {
		return nil, usage("it must be a wsbridge: go build ./cmd/wsbridge", "--bridge %s: %v", path, err)
	}
	k := &relayKind{Name: name, Version: strings.TrimSpace(string(version)), ws: true, slower: 1, path: path}
	flags := []string{"--listen", "127.0.0.1:0", "--explain=false", "--log-level", "warn"}
	if help, err := exec.Command(path, "--help").Output(); err == nil && strings.Contains(string(help), "--max-conns ") {
		flags = append(flags, "--max-conns", "0") // its own limit leaves descriptors for what is not measured here
	}
	k.args = func(target string) []string { return append(slices.Clone(flags), "--target", target) }
	return k.describe(), nil
}

// websockifyRelay is nil where websockify is not installed.
func websockifyRelay() *relayKind {
	path, err := exec.LookPath("websockify")
	if err != nil {
		return nil
	}
	k := &relayKind{Name: "websockify", Version: debianVersion("websockify"), ws: true, slower: 16, maxIdle: 400, path: path}
	k.args = func(target string) []string { return []string{"127.0.0.1:0", target} }
	return k.describe()
}

func debianVersion(name string) string {
	version, _ := exec.Command("dpkg-query", "--show", "--showformat=${Version}", name).Output()
	return string(version)
}

// relays are those that o names, and a directory to remove when they are no longer needed.
func (o *options) relays(ctx context.Context) (kinds []*relayKind, dir string, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, "", err
	}
	kinds = []*relayKind{tcpRelay(self)}
	bridges := o.bridges.Value()
	if len(bridges) == 0 {
		if dir, err = os.MkdirTemp("", "wsbench-"); err != nil {
			return nil, "", err
		}
		bridges = []string{filepath.Join(dir, "wsbridge")}
		if err := build(ctx, bridges[0]); err != nil {
			return nil, dir, err
		}
	}
	for _, value := range bridges {
		k, err := readBridge(value, kinds)
		if err != nil {
			return nil, dir, err
		}
		kinds = append(kinds, k)
	}
	if k := websockifyRelay(); k != nil {
		kinds = append(kinds, k)
	}
	return kinds, dir, nil
}

// build makes the wsbridge of the module that the working directory is in.
func build(ctx context.Context, path string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-o", path, "wsbridge/cmd/wsbridge")
	if out, err := cmd.CombinedOutput(); err != nil {
		return &problem{exitRuntime, fmt.Sprintf("go build wsbridge/cmd/wsbridge: %v\n%s", err, out),
			"run it inside wsbridge's source, or name a program: --bridge PATH"}
	}
	return nil
}

var bridgeName = regexp.MustCompile(`^([a-z0-9-]{1,10})=(.+)$`)

// readBridge reads a value of --bridge: PATH or NAME=PATH.
func readBridge(value string, others []*relayKind) (*relayKind, error) {
	name, path := "wsbridge", value
	if m := bridgeName.FindStringSubmatch(value); m != nil {
		name, path = m[1], m[2]
	}
	taken := func(k *relayKind) bool { return k.Name == name }
	if slices.ContainsFunc(others, taken) || name == "websockify" {
		return nil, usage("give each a name: --bridge before=/tmp/a --bridge after=/tmp/b", "--bridge %s: the name %s is taken", value, name)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	return bridgeRelay(name, path)
}
