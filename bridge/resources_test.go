package bridge

import (
	"context"
	"io"
	"net"
	"os"
	"runtime"
	"testing"
	"time"

	"wsbridge/tcp"
)

// heap is the memory in use, in bytes, for objects and stacks.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}

// TestMemoryOfAPair counts the test's own ends too, so the bridge takes less than is measured. The large buffers of
// package tcp are 4 MiB however many pairs there are, and counted here too.
func TestMemoryOfAPair(t *testing.T) {
	const pairs, most = 100, 128 << 10
	for _, row := range []struct {
		claim string
		play  func(*client, net.Conn, chan<- struct{})
	}{
		{"idle", func(_ *client, _ net.Conn, done chan<- struct{}) { close(done) }},
		{"the client stopped reading", func(_ *client, target net.Conn, done chan<- struct{}) { go flood(target, done) }},
		{"the target stopped reading", func(c *client, _ net.Conn, done chan<- struct{}) { go floodFrames(c, done) }},
	} {
		t.Run(row.claim, func(t *testing.T) {
			r := newRig(t, slowLimits())
			before := heap()
			var ends []func()
			for range pairs {
				c, target := r.connect()
				done := make(chan struct{})
				row.play(c, target, done)
				ends = append(ends, func() { c.Close(); target.Close(); <-done })
			}
			if row.claim != "idle" {
				waitQuiet(r)
			}
			each := (int64(heap()) - int64(before)) / pairs
			t.Logf("%d KiB a pair, test's ends included", each>>10)
			if each > most {
				t.Errorf("got %d bytes a pair, want at most %d", each, most)
			}
			for _, end := range ends {
				end()
			}
		})
	}
}

// waitQuiet waits until no pair moves a byte: everybody is stuck on the one who stopped reading.
func waitQuiet(r *rig) {
	last := int64(-1)
	for {
		now := int64(0)
		r.mu.Lock()
		for p := range r.pairs {
			now += p.client.Received() + p.client.Sent()
		}
		r.mu.Unlock()
		if now == last {
			return
		}
		last = now
		time.Sleep(200 * time.Millisecond)
	}
}

// TestStalledPairsDoNotSlowOthers is a claim about waiting, not about time: if the 21st pair shared anything with the
// 20 stalled ones it would never get through.
func TestStalledPairsDoNotSlowOthers(t *testing.T) {
	r := newRig(t, slowLimits())
	var floods []chan struct{}
	for i := range 20 {
		c, target := r.connect()
		done := make(chan struct{})
		if i%2 == 0 {
			go flood(target, done)
		} else {
			go floodFrames(c, done)
		}
		floods = append(floods, done)
	}
	waitQuiet(r)
	c, target := r.connect()
	echoing := make(chan struct{})
	go echo(target, echoing)
	data := random(8 << 20)
	sent := make(chan struct{})
	go writeAll(c.Conn, masked(true, binary, data), sent)
	got := 0
	for got < len(data) {
		f, err := c.next()
		if err != nil {
			t.Fatalf("after %d bytes: %v", got, err)
		}
		if string(f.payload) != data[got:got+len(f.payload)] {
			t.Fatalf("bytes differ behind byte %d", got)
		}
		got += len(f.payload)
	}
	<-sent
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // do not wait for the stalled
	r.Shutdown(ctx)
	for _, done := range floods {
		<-done
	}
	<-echoing
}

func echo(conn net.Conn, done chan<- struct{}) {
	defer close(done)
	io.Copy(conn, conn)
}

// TestThousandSessionsLater: sockets, goroutines and memory are back, however the sessions ended.
func TestThousandSessionsLater(t *testing.T) {
	o := slowLimits()
	o.DrainTimeout = 100 * time.Millisecond
	r := newRig(t, o)
	endings := []func(*client, net.Conn){
		func(c *client, _ net.Conn) { c.sendClose(1000, "") },
		func(c *client, _ net.Conn) { c.write("\x81\x85\x01") },
		func(c *client, _ net.Conn) { c.Conn.(*net.TCPConn).SetLinger(0) },
		func(c *client, _ net.Conn) { c.write("\xff\xff") },
		func(_ *client, target net.Conn) { target.(*net.TCPConn).CloseWrite() },
		func(_ *client, target net.Conn) { reset(target) },
		func(c *client, target net.Conn) { c.send(text, "x"); io.WriteString(target, "y") },
	}
	session := func(i int) {
		c, target := r.connect()
		endings[i%len(endings)](c, target)
		c.Close()
		target.Close()
	}
	for i := range 100 { // what is pooled is pooled now
		session(i)
	}
	waitEnded(t, r)
	goroutines, sockets, memory := runtime.NumGoroutine(), descriptors(t), heap()
	for i := range 1000 {
		session(i)
	}
	waitEnded(t, r)
	runtime.GC()
	if got := runtime.NumGoroutine(); got > goroutines+5 {
		t.Errorf("got %d goroutines, had %d", got, goroutines)
	}
	if got := descriptors(t); got > sockets+5 {
		t.Errorf("got %d descriptors, had %d", got, sockets)
	}
	if got := heap(); got > memory+4<<20 {
		t.Errorf("got %d bytes in use, had %d", got, memory)
	}
}

func waitEnded(t *testing.T, r *rig) {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		r.mu.Lock()
		n := len(r.pairs)
		r.mu.Unlock()
		if n == 0 {
			return
		}
	}
	t.Fatal("pairs are left")
}

func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("no /proc here")
	}
	return len(entries)
}

// TestShutdownBoundedWhateverPeersDo: a context that is over closes everything at once.
func TestShutdownBoundedWhateverPeersDo(t *testing.T) {
	r := newRig(t, slowLimits())
	var floods []chan struct{}
	for range 3 {
		c, target := r.connect()
		one, two := make(chan struct{}), make(chan struct{})
		go flood(target, one)
		go floodFrames(c, two)
		floods = append(floods, one, two)
	}
	waitQuiet(r)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- r.Shutdown(ctx) }()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatal("Shutdown did not return")
	}
	for _, f := range floods {
		<-f
	}
	c := r.rawDial()
	c.write(handshake(r.addr, "/"))
	answer, _ := io.ReadAll(c)
	wantRefusal(t, string(answer), 503, "shutting down")
}

// TestShutdownEndsADial: a request that waits for a target is answered, too.
func TestShutdownEndsADial(t *testing.T) {
	mute := listen(t, "tcp", "127.0.0.1:0")
	slow, err := tcp.ParseTarget("tls://" + mute.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	r := newRigTo(t, slowLimits(), slow, mute)
	c := r.rawDial()
	c.write(handshake(r.addr, "/"))
	r.accept()
	done := make(chan error, 1)
	go shutdown(r.Bridge, done)
	answer, _ := io.ReadAll(c)
	wantRefusal(t, string(answer), 503, "shutting down")
	if err := <-done; err != nil {
		t.Errorf("Shutdown: %v", err)
	}
}
