package main

import (
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// TestLocalhost: a browser that tries ::1 first finds the same program as one that tries 127.0.0.1.
func TestLocalhost(t *testing.T) {
	t.Parallel()
	port := freePort(t.Fatalf)
	want := "127.0.0.1:" + port
	if canListen("[::1]:0") {
		want += " [::1]:" + port
	}
	p := start(t, nil, "--listen", "localhost:"+port)
	if got := strings.Join(p.addrs, " "); got != want {
		t.Errorf("listening on %s, want %s", got, want)
	}
	for _, addr := range p.addrs {
		if got := status(t, &program{addr: addr}, "/echo", "Host: localhost:"+port); got != "101" {
			t.Errorf("%s: got %s, want 101", addr, got)
		}
	}
}

// TestLocalhostHalfTaken: reaching another program on ::1 would be worse than not starting.
func TestLocalhostHalfTaken(t *testing.T) {
	t.Parallel()
	other, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		return // there is no ::1 to reach anybody on
	}
	defer other.Close()
	_, port, _ := net.SplitHostPort(other.Addr().String())
	code, _, stderr := runToEnd(t, nil, "--listen", "localhost:"+port)
	if want := "wsbridge: listen on localhost:" + port + ": address already in use\n"; code != 1 || !strings.HasPrefix(stderr, want) {
		t.Errorf("exit code %d\ngot  %swant %s", code, stderr, want)
	}
}

func TestListenProblems(t *testing.T) {
	bind := func(err error) error {
		return &net.OpError{Op: "listen", Net: "tcp", Err: os.NewSyscallError("bind", err)}
	}
	spell := findSetting(newConfig().settings, "listen").asFlag
	program, _ := os.Executable()
	tests := []struct {
		address string
		err     error
		what    string
		hint    string
	}{
		{":9998", bind(syscall.EADDRINUSE), "listen on :9998: address already in use",
			"another process has the port; try --listen :9999, or find it with: ss -ltnp 'sport = :9998'"},
		{"[::1]:65535", bind(syscall.EADDRINUSE), "listen on [::1]:65535: address already in use",
			"another process has the port; try --listen [::1]:9998, or find it with: ss -ltnp 'sport = :65535'"},
		{":80", bind(syscall.EACCES), "listen on :80: permission denied",
			"ports below 1024 need a privilege; try --listen :8080, or: sudo setcap cap_net_bind_service=+ep " + program},
		{"192.0.2.1:80", bind(syscall.EADDRNOTAVAIL), "listen on 192.0.2.1:80: cannot assign requested address",
			"no interface of this machine has the address (ip -brief address lists them); try --listen :80"},
		{"nowhere.invalid:80", &net.OpError{Op: "listen", Err: &net.DNSError{Err: "no such host", Name: "nowhere.invalid"}},
			"listen on nowhere.invalid:80: lookup nowhere.invalid: no such host", "try --listen :80"},
	}
	for _, test := range tests {
		got := listenProblem(test.address, test.err, spell).(*problem)
		if *got != (problem{1, test.what, test.hint}) {
			t.Errorf("got  %+v\nwant %+v", *got, problem{1, test.what, test.hint})
		}
	}
}

// TestNoPermission asks for port 1 as somebody who may not have it.
func TestNoPermission(t *testing.T) {
	t.Parallel()
	args := []string{"wsbridge", "--listen", "127.0.0.1:1"}
	if os.Getuid() == 0 {
		args = append([]string{"setpriv", "--reuid=65534", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all"}, args...)
	}
	program, err := exec.LookPath(args[0])
	if err != nil {
		t.Skip(err)
	}
	p := launch(t, nil, program, args[1:]...)
	code, stderr := p.exit(patience), p.stderr.String()
	if strings.Contains(stderr, "listening") {
		return // here everybody may have port 1, as in a container
	}
	want := "wsbridge: listen on 127.0.0.1:1: permission denied\nwsbridge: hint: ports below 1024 need a privilege; try --listen 127.0.0.1:8001, or: sudo setcap "
	if code != 1 || !strings.HasPrefix(stderr, want) {
		t.Errorf("exit code %d\ngot  %swant %s", code, stderr, want)
	}
}

func TestLocalAddress(t *testing.T) {
	for address, want := range map[string]string{
		":9998": "localhost:9998", "0.0.0.0:9998": "localhost:9998", "[::]:9998": "localhost:9998",
		"127.0.0.1:1": "127.0.0.1:1", "[::1]:1": "[::1]:1", "bridge.example:1": "bridge.example:1",
	} {
		if got := localAddress(address); got != want {
			t.Errorf("%s: got %s, want %s", address, got, want)
		}
	}
}
