//go:build linux

package main

import (
	"io"
	"net"
	"os/exec"
	"testing"
)

// TestTelnet talks to the line service with Debian's telnet.
func TestTelnet(t *testing.T) {
	telnet := installed(t, "telnet", "telnet")
	p := launch(t, nil, "wsbridge", "lab", "line=127.0.0.1:0")
	host, port, err := net.SplitHostPort(p.stdout.await(t, `line +(\S+)`)[1])
	if err != nil {
		t.Fatal(err)
	}
	var said output
	cmd := exec.Command(telnet, host, port)
	cmd.Stdout, cmd.Stderr = &said, &said
	typed, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said.await(t, "line service")
	io.WriteString(typed, "hello from telnet\n")
	said.await(t, `(?m)^hello from telnet\r?$`)
	io.WriteString(typed, "quit\n")
	said.await(t, "Goodbye")
	typed.Close()
	cmd.Wait() // "Connection closed by foreign host" is exit code 1
}
