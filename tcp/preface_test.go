package tcp

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"testing"
)

// tellFirst accepts one connection and tells what comes first on it, as much as want is; then it speaks TLS if kind
// says so, and echoes.
func tellFirst(ln net.Listener, kind string, want int, first chan<- result) {
	nc, err := ln.Accept()
	if err != nil {
		first <- result{nil, err}
		return
	}
	defer nc.Close()
	data := make([]byte, want)
	_, err = io.ReadFull(nc, data)
	first <- result{data, err}
	if overTLS(kind) {
		nc = tls.Server(nc, &tls.Config{Certificates: []tls.Certificate{ours.cert}})
	}
	io.Copy(struct{ io.Writer }{nc}, struct{ io.Reader }{nc})
}

func TestAPrefaceComesBeforeEverything(t *testing.T) {
	preface := ProxyPreface(1, &net.TCPAddr{IP: net.IPv4(203, 0, 113, 7), Port: 56324}, &net.TCPAddr{IP: net.IPv4(198, 51, 100, 2), Port: 443})
	if string(preface) != v1Line {
		t.Fatalf("the preface is %q", preface)
	}
	for _, kind := range []string{"tcp", "unix", "tls"} {
		ln, target := listen(t, kind)
		first := make(chan result, 1)
		go tellFirst(ln, kind, len(preface), first)
		wrapped := false
		d := Dialer{DialTimeout: patience, Preface: preface, Wrap: func(conn, _ net.Conn) net.Conn { wrapped = true; return conn }}
		c, err := d.Dial(context.Background(), target)
		if err != nil {
			t.Fatal(err)
		}
		if got := within(t, kind, first); !bytes.Equal(got.data, preface) || got.err != nil {
			t.Errorf("%s: the target got %q, %v first", kind, got.data, got.err)
		}
		if !overTLS(kind) && c.BytesWritten() != 0 || !wrapped {
			t.Errorf("%s: %d bytes are counted, want none of the preface", kind, c.BytesWritten())
		}
		if _, err := io.WriteString(c, "hello"); err != nil {
			t.Error(err)
		}
		got := make([]byte, 5)
		if _, err := io.ReadFull(c, got); string(got) != "hello" || err != nil {
			t.Errorf("%s: read %q, %v", kind, got, err)
		}
		c.Finish(patience)
	}
}

func TestAPrefaceThatCannotBeWritten(t *testing.T) {
	for _, kind := range []string{"tcp", "unix", "tls"} {
		_, target := listen(t, kind) // and nobody reads
		checkDialFails(t, Dialer{DialTimeout: dialTimeout, Preface: more}, target, TimedOut)
	}
}

func TestProxyPreface(t *testing.T) {
	v4, v6 := &net.TCPAddr{IP: net.IPv4(203, 0, 113, 7), Port: 1}, &net.TCPAddr{IP: net.ParseIP("2001:db8::7"), Port: 2}
	local := &net.UnixAddr{Net: "unix", Name: "/s"}
	tests := []struct {
		claim               string
		source, destination net.Addr
		known               string
	}{
		{"IPv4", v4, v4, "203.0.113.7:1 203.0.113.7:1"},
		{"IPv6", v6, v6, "[2001:db8::7]:2 [2001:db8::7]:2"},
		{"both", v4, v6, "203.0.113.7:1 [2001:db8::7]:2"},
		{"a local socket", local, v4, ""},
		{"nothing", nil, nil, ""},
		{"a port that is none", &net.TCPAddr{IP: v4.IP, Port: 70_000}, v4, ""},
		{"no address", &net.TCPAddr{}, v4, ""},
	}
	for _, tt := range tests {
		for version := 1; version <= 2; version++ {
			preface := ProxyPreface(version, tt.source, tt.destination)
			h, err := readProxyHeader(bytes.NewReader(preface))
			if err != nil || h.Version != version {
				t.Errorf("%s, v%d: %q is read as %+v, %v", tt.claim, version, preface, h, err)
				continue
			}
			known := ""
			if h.Source != nil {
				known = h.Source.String() + " " + h.Destination.String()
			}
			if known != tt.known {
				t.Errorf("%s, v%d: %q says %q, want %q", tt.claim, version, preface, known, tt.known)
			}
		}
	}
}
