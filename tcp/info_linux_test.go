package tcp

import (
	"context"
	"io"
	"net"
	"reflect"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mustInfo is what the kernel says about an open connection.
func mustInfo(t *testing.T, c net.Conn) Info {
	t.Helper()
	i, known := InfoOf(c)
	if !known {
		t.Fatal("nothing is known about an open TCP connection")
	}
	return i
}

// counts are the fields that can be computed.
func counts(i Info) (acked, received, inQueue, outQueue uint64) {
	return *i.BytesAcked, *i.BytesReceived, *i.InQueue, *i.OutQueue
}

// wantCounts waits for acknowledgements, which may be late, and fails if they never say this.
func wantCounts(t *testing.T, claim string, c net.Conn, state string, acked, received, inQueue uint64) {
	t.Helper()
	var i Info
	for began := time.Now(); time.Since(began) < patience; time.Sleep(time.Millisecond) {
		i = mustInfo(t, c)
		if gotAcked, gotReceived, gotIn, out := counts(i); i.State == state && gotAcked == acked && gotReceived == received && gotIn == inQueue && out == 0 {
			return
		}
	}
	gotAcked, gotReceived, gotIn, out := counts(i)
	t.Errorf("%s: %s, %d acked, %d received, %d in and %d out of its queues; want %s, %d, %d, %d and 0", claim,
		i.State, gotAcked, gotReceived, gotIn, out, state, acked, received, inQueue)
}

// What the comments of Info say about SYN and FIN is so: dialled counts its SYN, and each side the FIN of both.
func TestInfoCounts(t *testing.T) {
	ln, target := listen(t, "tcp")
	accepted := make(chan net.Conn, 1)
	go acceptInto(ln, "tcp", accepted)
	c, err := Dialer{}.Dial(context.Background(), target)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	dialled, peer := c.socket.Conn.(*net.TCPConn), (<-accepted).(*net.TCPConn)
	defer peer.Close()

	wantCounts(t, "dialled", dialled, "ESTABLISHED", 1, 0, 0)
	wantCounts(t, "accepted", peer, "ESTABLISHED", 0, 0, 0)
	dialled.Write(pattern(3000))
	wantCounts(t, "dialled, 3000 bytes later", dialled, "ESTABLISHED", 3001, 0, 0)
	wantCounts(t, "accepted, nothing read", peer, "ESTABLISHED", 0, 3000, 3000)
	io.ReadFull(peer, make([]byte, 1000))
	wantCounts(t, "accepted, 1000 read", peer, "ESTABLISHED", 0, 3000, 2000)
	dialled.CloseWrite()
	wantCounts(t, "dialled, FIN sent", dialled, "FIN-WAIT-2", 3002, 0, 0)
	wantCounts(t, "accepted, FIN behind 2000 bytes", peer, "CLOSE-WAIT", 0, 3001, 2000)
	peer.Write(pattern(10))
	peer.CloseWrite()
	wantCounts(t, "accepted, FIN sent", peer, "CLOSED", 11, 3001, 2000)
	io.Copy(io.Discard, peer)
	wantCounts(t, "accepted, all read", peer, "CLOSED", 11, 3001, 0)
}

func TestInfoIsPlausible(t *testing.T) {
	c, peer := connect(t, "tcp", 0)
	c.Write(pattern(100_000))
	io.ReadFull(peer, make([]byte, 100_000))
	there, here := mustInfo(t, peer), mustInfo(t, c.socket.Conn)
	for name, n := range map[string]*uint64{"rtt": here.RTT, "min_rtt": here.MinRTT, "snd_mss": here.SndMSS, "rcv_mss": here.RcvMSS, "snd_cwnd": here.Cwnd} {
		if n == nil || *n == 0 {
			t.Errorf("%s is not told, or 0", name)
		}
	}
	switch {
	case *here.MinRTT > 10_000_000, *here.SndMSS < 500 || *here.SndMSS > 65_535:
		t.Errorf("min_rtt %d µs, mss %d", *here.MinRTT, *here.SndMSS)
	case *there.DataSegsIn == 0 || *there.DataSegsIn > *there.SegsIn, *here.DataSegsOut > *here.SegsOut:
		t.Errorf("%d of %d segments in, %d of %d out carried data", *there.DataSegsIn, *there.SegsIn, *here.DataSegsOut, *here.SegsOut)
	case *here.BytesSent != 100_000+*here.BytesRetrans, *here.NotSent != 0:
		t.Errorf("%d bytes sent, %d again, %d not; want all 100000", *here.BytesSent, *here.BytesRetrans, *here.NotSent)
	case here.SndWnd == nil || there.RcvWnd == nil:
		t.Log("this kernel tells no windows")
	}
}

func TestInfoOfAFullConnection(t *testing.T) {
	c, _ := connect(t, "tcp", 0)
	socket := c.socket.Conn.(*net.TCPConn)
	var i Info
	taken := 0
	for more := 1; more > 0 || *i.OutQueue == 0; i = mustInfo(t, socket) {
		socket.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
		more, _ = socket.Write(make([]byte, 1<<20))
		taken += more
	}
	if *i.BytesAcked-1+*i.OutQueue != uint64(taken) {
		t.Errorf("%d bytes taken, %d acked, %d in the queue; want them to add up", taken, *i.BytesAcked-1, *i.OutQueue)
	}
	if *i.NotSent > *i.OutQueue {
		t.Errorf("%d of %d bytes not sent", *i.NotSent, *i.OutQueue)
	}
}

func TestInfoOfOtherThings(t *testing.T) {
	unixConn, _ := connect(t, "unix", 0)
	closed, _ := connect(t, "tcp", 0)
	closed.Close()
	pipe, far := net.Pipe()
	defer pipe.Close()
	defer far.Close()
	for what, conn := range map[string]net.Conn{"a unix socket": unixConn.socket.Conn, "a closed connection": closed.socket.Conn, "a pipe": pipe} {
		if i, known := InfoOf(conn); known || i != (Info{}) {
			t.Errorf("%s: %+v, want nothing known", what, i)
		}
	}
}

// An older kernel fills in less of tcp_info; the rest is not told rather than 0.
func TestInfoOfAnOlderKernel(t *testing.T) {
	full := unix.TCPInfo{State: 1, Rtt: 7, Min_rtt: 8, Bytes_acked: 9, Rcv_wnd: 10}
	old := told(&full, unsafe.Offsetof(full.Pacing_rate)) // Linux 3.14
	if old.State != "ESTABLISHED" || old.RTT == nil || *old.RTT != 7 || old.Retrans == nil {
		t.Errorf("got %+v, want state, rtt and total_retrans", old)
	}
	if old.MinRTT != nil || old.BytesAcked != nil || old.SegsIn != nil || old.SndWnd != nil || old.RcvWnd != nil {
		t.Errorf("got %+v, want nothing of what is newer", old)
	}
	half := told(&full, unsafe.Offsetof(full.Bytes_acked)+4)
	if half.BytesAcked != nil {
		t.Error("half a field is told")
	}
	none := told(&unix.TCPInfo{Min_rtt: ^uint32(0)}, unsafe.Sizeof(full))
	if none.MinRTT != nil || none.State != "" {
		t.Errorf("got %+v, want no min_rtt while there is no sample", none)
	}
	whole := reflect.ValueOf(told(&full, unsafe.Sizeof(full)))
	for i := range whole.NumField() {
		name := whole.Type().Field(i).Name
		if asked := name == "InQueue" || name == "OutQueue"; whole.Field(i).IsZero() != asked {
			t.Errorf("%s of a whole tcp_info: %v", name, whole.Field(i))
		}
	}
}
