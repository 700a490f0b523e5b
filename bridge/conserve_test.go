package bridge

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"

	"wsbridge/ws"
)

// TestNoByteLostOrInvented sends random data in random pieces in both directions at once and lets either side end
// the pair while bytes are on their way.
func TestNoByteLostOrInvented(t *testing.T) {
	rounds := 60
	if testing.Short() {
		rounds = 15
	}
	for _, messages := range []ws.Messages{ws.Binary, ws.Mirror} {
		r := newRig(t, slowLimits())
		r.rules.Load().Routes[0].WS.Messages = messages
		for seed := range rounds {
			t.Run(fmt.Sprintf("%s/%d", messages, seed), func(t *testing.T) { conserve(t, r, uint64(seed)) })
		}
	}
}

func conserve(t *testing.T, r *rig, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 0))
	upData, downData := randomData(rng), randomData(rng)
	targetEnds := rng.IntN(2) == 0
	c, target := r.connect()

	sent, written, read := make(chan struct{}), make(chan struct{}), make(chan string, 1)
	go sendPieces(c, upData, rand.New(rand.NewPCG(seed, 1)), !targetEnds, sent)
	go writePieces(target, downData, rand.New(rand.NewPCG(seed, 2)), targetEnds, written)
	go readTarget(target, read)

	gotDown := readPayload(t, c, targetEnds, sent)
	gotUp := <-read
	target.Close()
	<-written
	c.Close()
	if gotUp != upData {
		t.Errorf("target got %d bytes, want %d (equal up to %d)", len(gotUp), len(upData), equalUpTo(gotUp, upData))
	}
	// A client that closes while the target still talks gets a prefix; otherwise it gets all.
	if targetEnds && gotDown != downData || !strings.HasPrefix(downData, gotDown) {
		t.Errorf("client got %d bytes, want %d (equal up to %d)", len(gotDown), len(downData), equalUpTo(gotDown, downData))
	}
}

// randomData is up to 1 MiB that is half UTF-8 text and half not.
func randomData(rng *rand.Rand) string {
	b := make([]byte, rng.IntN(1<<uint(4+rng.IntN(17))))
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return strings.Repeat("数据", rng.IntN(1000)) + string(b)
}

// sendPieces sends data as messages of both types, whole and in fragments, with pings between and inside.
func sendPieces(c *client, data string, rng *rand.Rand, closes bool, done chan<- struct{}) {
	defer close(done)
	var wire bytes.Buffer
	for len(data) > 0 {
		for fragment := 0; ; fragment++ {
			n := min(len(data), rng.IntN(1<<uint(rng.IntN(18))))
			fin := rng.IntN(3) > 0
			opcode := byte(binary)
			if fragment > 0 {
				opcode = 0
			}
			wire.WriteString(masked(fin, opcode, data[:n]))
			data = data[n:]
			if rng.IntN(4) == 0 {
				wire.WriteString(masked(true, ping, "p"))
			}
			if fin {
				break
			}
		}
		if rng.IntN(5) == 0 {
			wire.WriteString(masked(true, text, ""))
		}
	}
	if closes {
		wire.WriteString(masked(true, 8, "\x03\xe8"))
	}
	for wire.Len() > 0 {
		if _, err := c.Conn.Write(wire.Next(1 + rng.IntN(1<<uint(rng.IntN(18))))); err != nil {
			return
		}
	}
}

func writePieces(target net.Conn, data string, rng *rand.Rand, ends bool, done chan<- struct{}) {
	defer close(done)
	for len(data) > 0 {
		n := min(len(data), 1+rng.IntN(1<<uint(rng.IntN(18))))
		if _, err := io.WriteString(target, data[:n]); err != nil {
			return
		}
		data = data[n:]
		if rng.IntN(8) == 0 {
			time.Sleep(time.Duration(rng.IntN(300)) * time.Microsecond)
		}
	}
	if ends {
		target.(*net.TCPConn).CloseWrite()
	}
}

func readTarget(target net.Conn, got chan<- string) {
	b, _ := io.ReadAll(target)
	got <- string(b)
}

// readPayload reads until the Close frame and, when the target ended first, answers it behind all it has to send.
func readPayload(t *testing.T, c *client, answer bool, sent <-chan struct{}) string {
	t.Helper()
	var all bytes.Buffer
	for {
		f, err := c.next()
		if err != nil {
			t.Fatalf("after %d bytes: %v", all.Len(), err)
		}
		switch f.opcode {
		case closes:
			<-sent
			if answer {
				c.sendClose(1000, "")
			}
			return all.String()
		case pong:
		default:
			all.Write(f.payload)
		}
	}
}

func equalUpTo(a, b string) int {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	return i
}
