package tcp

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

func TestLoopback(t *testing.T) {
	l := NewLoopback()
	var echoes sync.WaitGroup
	echoes.Add(1)
	go echoForEver(l, &echoes)
	var dialling sync.WaitGroup
	for range 20 {
		dialling.Add(1)
		go dialLoopback(t, l, &dialling)
	}
	dialling.Wait()
	l.Close()
	echoes.Wait()
}

func dialLoopback(t *testing.T, l *Loopback, done *sync.WaitGroup) {
	defer done.Done()
	nc, err := l.Dial(context.Background())
	if err != nil {
		t.Error(err)
		return
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(patience))
	checkEcho(t, nc, nc.LocalAddr().String())
}

func TestOwnConn(t *testing.T) {
	l := NewLoopback()
	defer l.Close()
	accepted := make(chan net.Conn, 1)
	go acceptInto(l, "tcp", accepted)
	near, err := l.Dial(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer near.Close()
	far := within(t, "Accept", accepted)
	defer far.Close()
	if !IsOwn(far) || !IsOwn(wrapper{far}) || IsOwn(near) {
		t.Errorf("IsOwn: accepted %v, wrapped %v, dialled %v", IsOwn(far), IsOwn(wrapper{far}), IsOwn(near))
	}
	if far.RemoteAddr().String() != near.LocalAddr().String() || far.LocalAddr().String() != near.RemoteAddr().String() {
		t.Errorf("%v and %v are not two ends of one connection", far, near)
	}
	c := NewConn(far, patience)
	io.WriteString(near, "hello")
	wantSoonRead(t, c, "hello")
	c.CloseWrite()
	near.SetReadDeadline(time.Now().Add(patience))
	if _, err := near.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("after CloseWrite the other end reads %v, want EOF", err)
	}
	plain, target := listen(t, "tcp")
	stranger, err := net.Dial("tcp", target.Address)
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	if other := accept(t, plain); IsOwn(other) {
		t.Error("a stranger's connection is our own")
	}
}

func wantSoonRead(t *testing.T, r io.Reader, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(r, got); err != nil || string(got) != want {
		t.Errorf("read %q, %v, want %q", got, err, want)
	}
}

// Whoever else connects while the port is open is shown the door.
func TestLoopbackIsForNobodyElse(t *testing.T) {
	plain, target := listen(t, "tcp")
	stranger := dialPlain(t, target.Address)
	own := dialPlain(t, target.Address)
	c, err := acceptFrom(context.Background(), plain.(*net.TCPListener), own.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got, want := c.RemoteAddr().String(), own.LocalAddr().String(); got != want {
		t.Errorf("accepted %s, want %s", got, want)
	}
	if _, err := stranger.Read(make([]byte, 1)); err != io.EOF && !IsReset(err) {
		t.Errorf("the stranger reads %v, want the end", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go acceptFromInto(ctx, plain.(*net.TCPListener), ended)
	cancel()
	if err := within(t, "acceptFrom", ended); !errors.Is(err, context.Canceled) {
		t.Errorf("acceptFrom ended with %v", err)
	}
}

func acceptFromInto(ctx context.Context, ln *net.TCPListener, done chan<- error) {
	_, err := acceptFrom(ctx, ln, "nobody")
	done <- err
}

func TestLoopbackEnds(t *testing.T) {
	l := NewLoopback()
	ctx, cancel := context.WithCancel(context.Background())
	dialled, accepted := make(chan error, 2), make(chan net.Conn, 1)
	go dialOwnInto(ctx, l, dialled)
	cancel()
	if err := within(t, "Dial", dialled); !errors.Is(err, context.Canceled) {
		t.Errorf("Dial that was cancelled: %v", err)
	}
	go dialOwnInto(context.Background(), l, dialled)
	l.Close()
	if err := within(t, "Dial", dialled); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Dial that nobody accepted: %v", err)
	}
	go acceptInto(l, "tcp", accepted)
	if nc := within(t, "Accept", accepted); nc != nil {
		t.Error("Accept after Close: no error")
	}
	if _, err := l.Dial(context.Background()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Dial after Close: %v", err)
	}
}

func dialOwnInto(ctx context.Context, l *Loopback, done chan<- error) {
	nc, err := l.Dial(ctx)
	if err == nil {
		nc.Close()
	}
	done <- err
}
