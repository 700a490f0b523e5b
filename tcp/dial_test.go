package tcp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

const dialTimeout = 200 * time.Millisecond

func TestDialFails(t *testing.T) {
	tests := []struct {
		claim  string
		target func(*testing.T) Target
		want   Reason
	}{
		{"nobody listens on the port", func(t *testing.T) Target {
			ln, target := listen(t, "tcp")
			ln.Close()
			return target
		}, Refused},
		{"nobody listens on the port of a TLS target", func(t *testing.T) Target {
			ln, target := listen(t, "tls")
			ln.Close()
			return target
		}, Refused},
		{"nobody listens on the unix socket", func(t *testing.T) Target {
			ln, target := listen(t, "unix")
			ln.(*net.UnixListener).SetUnlinkOnClose(false)
			ln.Close()
			return target
		}, Refused},
		{"there is no unix socket", func(t *testing.T) Target {
			return Target{Network: "unix", Address: filepath.Join(t.TempDir(), "none")}
		}, NotFound},
		{"a TLS target that takes the connection and says nothing", func(t *testing.T) Target {
			_, target := listen(t, "tls")
			return target
		}, TimedOut},
		{"a TLS target that does not speak TLS", func(t *testing.T) Target {
			ln, target := listen(t, "tls")
			go answer(ln, "220 ready\r\n")
			return target
		}, TLSFailed},
		{"a TLS target that ends the connection", func(t *testing.T) Target {
			ln, target := listen(t, "tls")
			go answer(ln, "")
			return target
		}, TLSFailed},
		{"a certificate nobody vouches for", func(t *testing.T) Target {
			ln, target := listen(t, "tls")
			go acceptInto(ln, "tls", make(chan net.Conn, 1))
			target.TLS.RootCAs = theirs.roots
			return target
		}, TLSFailed},
		{"a certificate for another name", func(t *testing.T) Target {
			ln, target := listen(t, "tls")
			go acceptInto(ln, "tls", make(chan net.Conn, 1))
			target.TLS.ServerName = "other.example"
			return target
		}, TLSFailed},
	}
	for _, tt := range tests {
		t.Run(tt.claim, func(t *testing.T) {
			timeout := patience
			if tt.want == TimedOut {
				timeout = dialTimeout
			}
			checkDialFails(t, Dialer{DialTimeout: timeout}, tt.target(t), tt.want)
		})
	}
}

// answer says text to the first who connects, and ends without losing it.
func answer(ln net.Listener, text string) {
	nc, err := ln.Accept()
	if err != nil {
		return
	}
	io.WriteString(nc, text)
	NewConn(nc, 0).Finish(time.Second)
}

func TestDialClosesWhatFailsTheHandshake(t *testing.T) {
	ln, target := listen(t, "tls")
	failed := make(chan struct{})
	go dialInto(target, failed)
	nc, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(patience))
	io.WriteString(nc, "220 ready\r\n")
	if _, err := io.Copy(io.Discard, nc); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the connection is still open: %v", err)
	}
	within(t, "Dial", failed)
}

func dialInto(target Target, done chan<- struct{}) {
	Dialer{}.Dial(context.Background(), target)
	close(done)
}

func checkDialFails(t *testing.T, d Dialer, target Target, want Reason) {
	t.Helper()
	c, err := d.Dial(context.Background(), target)
	if err == nil {
		c.Close()
		t.Fatalf("connected, want %q", want)
	}
	var failed *DialError
	if !errors.As(err, &failed) || failed.Reason != want || failed.Target.String() != target.String() {
		t.Errorf("got %#v: %v, want %q", err, err, want)
	}
}

// Name servers may be there or not: either way it is soon known that there is no such host.
func TestDialOfAnUnknownName(t *testing.T) {
	_, err := Dialer{DialTimeout: 5 * time.Second}.Dial(context.Background(), Target{Network: "tcp", Address: "nonexistent.invalid:7"})
	var failed *DialError
	if !errors.As(err, &failed) || failed.Reason != NotFound && failed.Reason != TimedOut {
		t.Errorf("got %v, want %q or %q", err, NotFound, TimedOut)
	}
}

func TestDialEndsWithItsContext(t *testing.T) {
	_, target := listen(t, "tls") // and nobody answers the handshake
	ctx, cancel := context.WithTimeout(context.Background(), dialTimeout)
	defer cancel()
	if c, err := (Dialer{}).Dial(ctx, target); err == nil {
		c.Close()
		t.Error("connected, want an error")
	}
}

func TestReasonOf(t *testing.T) {
	system := func(e syscall.Errno) error {
		return &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", e)}
	}
	tests := []struct {
		err  error
		want Reason
	}{
		{system(syscall.ECONNREFUSED), Refused},
		{system(syscall.EACCES), Refused},
		{system(syscall.EPERM), Refused},
		{system(syscall.ENOENT), NotFound},
		{&net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", IsNotFound: true}}, NotFound},
		{&net.OpError{Op: "dial", Err: &net.DNSError{Err: "i/o timeout", IsTimeout: true}}, TimedOut},
		{system(syscall.ETIMEDOUT), TimedOut},
		{fmt.Errorf("wrapped: %w", context.DeadlineExceeded), TimedOut},
		{os.ErrDeadlineExceeded, TimedOut},
		{system(syscall.EHOSTUNREACH), Unreachable},
		{system(syscall.ENETUNREACH), Unreachable},
		{system(syscall.EMFILE), OutOfDescriptors},
		{system(syscall.ENFILE), OutOfDescriptors},
		{system(syscall.ECONNRESET), OtherDialFail},
		{context.Canceled, OtherDialFail},
		{fs.ErrInvalid, OtherDialFail},
	}
	for _, tt := range tests {
		if got := reasonOf(tt.err); got != tt.want {
			t.Errorf("reasonOf(%v) = %q, want %q", tt.err, got, tt.want)
		}
	}
}

func TestReasonsFitIntoACloseFrame(t *testing.T) {
	for _, r := range []Reason{Refused, NotFound, TimedOut, Unreachable, TLSFailed, OutOfDescriptors, OtherDialFail} {
		if len(r) == 0 || len(r) > 123 {
			t.Errorf("%q has %d bytes, want 1 to 123", r, len(r))
		}
	}
}

func TestDialTLS(t *testing.T) {
	tests := []struct {
		claim, host, serverName, sni string
	}{
		{"the target's name is the certificate's", "localhost", "", "localhost"},
		{"an address has no SNI (RFC 6066 section 3)", "127.0.0.1", "", ""},
		{"a name of its own", "127.0.0.1", "localhost", "localhost"},
	}
	for _, tt := range tests {
		t.Run(tt.claim, func(t *testing.T) {
			ln, target := listen(t, "tls")
			_, port, _ := net.SplitHostPort(target.Address)
			target.Address, target.TLS.ServerName = net.JoinHostPort(tt.host, port), tt.serverName
			accepted := make(chan net.Conn, 1)
			go acceptInto(ln, "tls", accepted)
			c, err := Dialer{DialTimeout: patience}.Dial(context.Background(), target)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			peer := (<-accepted).(*tls.Conn)
			defer peer.NetConn().Close()
			if got := peer.ConnectionState().ServerName; got != tt.sni {
				t.Errorf("SNI %q, want %q", got, tt.sni)
			}
			if target.TLS.ServerName != tt.serverName {
				t.Errorf("Dial changed the target's ServerName to %q", target.TLS.ServerName)
			}
			c.SetDeadline(time.Now().Add(patience))
			c.Write([]byte("over TLS"))
			buf := make([]byte, 100)
			if n, err := peer.Read(buf); string(buf[:n]) != "over TLS" || err != nil {
				t.Errorf("the peer read %q, %v, want what was written", buf[:n], err)
			}
			if got, least := c.BytesWritten(), int64(len("over TLS")+5); got <= least {
				t.Errorf("BytesWritten() = %d, want it to count the records too", got)
			}
		})
	}
}

func TestIsReset(t *testing.T) {
	for _, linger := range []int{0, -1} { // 0: RST
		c, peer := connect(t, "tcp", 0)
		peer.(*net.TCPConn).SetLinger(linger)
		peer.Close()
		c.SetDeadline(time.Now().Add(patience))
		if _, err := c.Read(make([]byte, 1)); IsReset(err) != (linger == 0) {
			t.Errorf("linger %d: Read: %v, IsReset %v", linger, err, IsReset(err))
		}
	}
	for _, err := range []error{nil, io.EOF, ErrStalled, os.ErrDeadlineExceeded, net.ErrClosed} {
		if IsReset(err) {
			t.Errorf("IsReset(%v), want not", err)
		}
	}
}
