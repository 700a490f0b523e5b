package tcp

import (
	"net"
	"strings"
	"testing"
)

func TestParseTarget(t *testing.T) {
	tests := []struct {
		s, network, address string
		tls                 bool
		again               string // what String says; "": s
	}{
		{"localhost:7", "tcp", "localhost:7", false, ""},
		{"tcp://localhost:7", "tcp", "localhost:7", false, "localhost:7"},
		{"tls://h:1", "tcp", "h:1", true, ""},
		{"tls://[::1]:443", "tcp", "[::1]:443", true, ""},
		{"[::1]:7", "tcp", "[::1]:7", false, ""},
		{"[fe80::1%eth0]:7", "tcp", "[fe80::1%eth0]:7", false, ""},
		{"127.0.0.1:65535", "tcp", "127.0.0.1:65535", false, ""},
		{"a.b.example:1", "tcp", "a.b.example:1", false, ""},
		{"unix:/p", "unix", "/p", false, ""},
		{"unix:///run/vnc.sock", "unix", "/run/vnc.sock", false, "unix:/run/vnc.sock"},
		{"unix:/with space:7", "unix", "/with space:7", false, ""},
		{"unix:/odd://path", "unix", "/odd://path", false, ""},
		{"unix:////odd", "unix", "//odd", false, ""},
		{"unix:@abstract", "unix", "@abstract", false, ""},
	}
	for _, tt := range tests {
		t.Run(tt.s, func(t *testing.T) {
			got, err := ParseTarget(tt.s)
			if err != nil {
				t.Fatal(err)
			}
			if got.Network != tt.network || got.Address != tt.address || (got.TLS != nil) != tt.tls {
				t.Errorf("got %+v, want %s %s, TLS %v", got, tt.network, tt.address, tt.tls)
			}
			want := tt.again
			if want == "" {
				want = tt.s
			}
			if got.String() != want {
				t.Errorf("String() = %q, want %q", got, want)
			}
		})
	}
}

func TestParseTargetRefuses(t *testing.T) {
	tests := []struct{ s, says string }{
		{"", "not host:port"},
		{"localhost", "not host:port"},
		{"7", "not host:port"},
		{":7", "names no host"},
		{"[]:7", "names no host"},
		{"localhost:", "not a number from 1 to 65535"},
		{"localhost:0", "not a number from 1 to 65535"},
		{"localhost:65536", "not a number from 1 to 65535"},
		{"localhost:-1", "not a number from 1 to 65535"},
		{"localhost:+7", "not a number from 1 to 65535"},
		{"localhost:http", "not a number from 1 to 65535"},
		{"localhost:7/path", "not a number from 1 to 65535"},
		{"localhost: 7", "not a number from 1 to 65535"},
		{"::1:7", "not host:port"},
		{"::1", "not host:port"},
		{"[::1]", "not host:port"},
		{"a b:7", "not a host name"},
		{"a/b:7", "not a host name"},
		{"http://x:1", `unknown scheme "http"`},
		{"ws://x:1", `unknown scheme "ws"`},
		{"://x:1", `unknown scheme ""`},
		{"tcp://", "not host:port"},
		{"tls://h", "not host:port"},
		{"tcp://h:1/", "not a number from 1 to 65535"},
		{"unix:", "names no path"},
		{"unix://", "names no path"},
	}
	for _, tt := range tests {
		t.Run(tt.s, func(t *testing.T) {
			got, err := ParseTarget(tt.s)
			if err == nil {
				t.Fatalf("got %+v, want an error", got)
			}
			if !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %q, want it to say %q", err, tt.says)
			}
		})
	}
}

func TestTargetIsKnownByItsName(t *testing.T) {
	target := Target{Network: "tcp", Address: "127.0.0.1:54321", Name: "lab:echo"}
	if got := target.String(); got != "lab:echo" {
		t.Errorf("String() = %q, want its name", got)
	}
}

func FuzzParseTarget(f *testing.F) {
	for _, s := range []string{"h:1", "tcp://h:1", "tls://[::1]:7", "unix:/p", "unix:///p", "unix:a://b", "http://x:1", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		target, err := ParseTarget(s)
		if err != nil {
			return
		}
		again, err := ParseTarget(target.String())
		if err != nil || again.Network != target.Network || again.Address != target.Address || (again.TLS == nil) != (target.TLS == nil) {
			t.Errorf("%q is %+v; %q is %+v, %v", s, target, target, again, err)
		}
		if target.Network == "tcp" {
			if host, _, err := net.SplitHostPort(target.Address); err != nil || host == "" {
				t.Errorf("%q: address %q, want host:port", s, target.Address)
			}
		}
	})
}
