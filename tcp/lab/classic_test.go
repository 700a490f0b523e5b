package lab

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestEchoSendsEveryByteBackThenEnds(t *testing.T) {
	sizes := []struct {
		claim string
		size  int
	}{
		{"nothing", 0},
		{"one byte", 1},
		{"more than a buffer", 100_001},
		{"several MiB", 8<<20 + 7},
	}
	for _, tt := range sizes {
		t.Run(tt.claim, func(t *testing.T) {
			conn := dial(t, start(t, "echo").Addr())
			sent := make([]byte, tt.size)
			rand.Read(sent)
			wrote := make(chan error, 1) // so that the writer ends even if the test does not read it
			go writeAndHalfClose(conn, sent, wrote)
			got, err := io.ReadAll(conn)
			if err != nil || !bytes.Equal(got, sent) {
				t.Errorf("received %d bytes (%v), want the %d bytes sent", len(got), err, len(sent))
			}
			if err := <-wrote; err != nil {
				t.Errorf("send: %v", err)
			}
		})
	}
}

func writeAndHalfClose(conn *net.TCPConn, p []byte, done chan<- error) {
	if _, err := conn.Write(p); err != nil {
		done <- err
		return
	}
	done <- conn.CloseWrite()
}

func TestEchoAnswersBeforeTheClientEnds(t *testing.T) {
	conn := dial(t, start(t, "echo").Addr())
	for _, text := range []string{"a", "\x00\xff\r\n", "发送数据"} {
		send(t, conn, text)
		receive(t, conn, text)
	}
	closeWrite(t, conn)
	receiveEnd(t, conn)
}

func TestEchoLosesNothingToAClientThatReadsLate(t *testing.T) {
	conn := dial(t, start(t, "echo").Addr())
	text := strings.Repeat("late ", 8000) // fits into the buffers on the way
	send(t, conn, text)
	closeWrite(t, conn)
	receive(t, conn, text)
	receiveEnd(t, conn)
}

func TestDiscardTakesEverythingSaysNothingAndEndsWithFIN(t *testing.T) {
	conn := dial(t, start(t, "discard").Addr())
	send(t, conn, strings.Repeat("discard", 1<<20))
	closeWrite(t, conn)
	receiveEnd(t, conn)
}

func TestDaytimeSendsOneLineWhateverTheClientDoes(t *testing.T) {
	s := start(t, "daytime")
	clients := []struct {
		claim string
		speak func(*net.TCPConn)
	}{
		{"only reads", func(*net.TCPConn) {}},
		{"writes before it reads", func(conn *net.TCPConn) { send(t, conn, "what time is it?\r\n") }},
		{"writes much before it reads", func(conn *net.TCPConn) { send(t, conn, strings.Repeat("time? ", 100_000)) }},
		{"half-closes before it reads", func(conn *net.TCPConn) { closeWrite(t, conn) }},
		{"writes and half-closes", func(conn *net.TCPConn) { send(t, conn, "?"); closeWrite(t, conn) }},
	}
	for _, client := range clients {
		t.Run(client.claim, func(t *testing.T) {
			for range 100 {
				conn := dial(t, s.Addr())
				client.speak(conn)
				got, err := io.ReadAll(conn)
				if err != nil {
					t.Fatalf("received %q, then %v; want the line, then FIN", got, err)
				}
				checkDaytime(t, string(got))
				conn.Close()
			}
		})
	}
}

func checkDaytime(t *testing.T, got string) {
	t.Helper()
	text, ended := strings.CutSuffix(got, "\r\n")
	at, err := time.Parse("Monday, January 2, 2006 15:04:05-MST", text)
	if !ended || err != nil {
		t.Fatalf("received %q (%v), want a date and time with CR LF", got, err)
	}
	if off := time.Since(at).Abs(); off > time.Minute {
		t.Errorf("%q is %v off", text, off)
	}
}

// The first two lines and the last one before the repetition, as RFC 864 draws them.
const (
	chargen0  = " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefg\r\n"
	chargen1  = "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefgh\r\n"
	chargen94 = "~ !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdef\r\n"
)

// chargenByte is byte i of what a chargen server sends, by RFC 864's rule.
func chargenByte(i int) byte {
	n, column := i/74, i%74
	switch column {
	case 72:
		return '\r'
	case 73:
		return '\n'
	}
	return byte(32 + (n+column)%95)
}

func checkChargen(t *testing.T, got []byte) {
	t.Helper()
	for i, b := range got {
		if want := chargenByte(i); b != want {
			t.Fatalf("byte %d is %q, want %q", i, b, want)
		}
	}
}

func TestChargenSendsThePatternOfRFC864(t *testing.T) {
	conn := dial(t, start(t, "chargen").Addr())
	got := make([]byte, 1<<20)
	if _, err := io.ReadFull(conn, got); err != nil {
		t.Fatal(err)
	}
	for at, want := range map[int]string{0: chargen0, 74: chargen1, 94 * 74: chargen94, 95 * 74: chargen0} {
		if line := string(got[at : at+74]); line != want {
			t.Errorf("line %d is %q, want %q", at/74, line, want)
		}
	}
	checkChargen(t, got)
	if n, err := io.CopyN(io.Discard, conn, 64<<20); err != nil {
		t.Errorf("chargen ended %d bytes later (%v), want it to go on until the client ends", n, err)
	}
}

func TestChargenReadsOnAndEndsWhenTheClientOnlyWrites(t *testing.T) {
	conn := dial(t, start(t, "chargen").Addr())
	send(t, conn, strings.Repeat("chargen", 2<<20)) // far more than the buffers on the way hold
	closeWrite(t, conn)
	const most = 64 << 20 // bytes; more than the buffers on the way hold
	got, err := io.ReadAll(io.LimitReader(conn, most))
	if err != nil || len(got) == 0 || len(got) == most {
		t.Errorf("received %d bytes (%v), want some, then FIN", len(got), err)
	}
	checkChargen(t, got)
}

func TestChargenSurvivesARudeAbort(t *testing.T) {
	s := start(t, "chargen")
	for range 20 {
		conn := dial(t, s.Addr())
		receive(t, conn, chargen0)
		conn.SetLinger(0) // Close sends RST
		conn.Close()
	}
	receive(t, dial(t, s.Addr()), chargen0)
}

func TestFinishWaitsForAClientOnlySoLong(t *testing.T) {
	const limit = 50 * time.Millisecond
	t.Run("silent", func(t *testing.T) {
		client, server := pair(t)
		began := time.Now()
		finish(server, limit)
		if took := time.Since(began); took < limit || took > patience/2 {
			t.Errorf("finish took %v, want about %v", took, limit)
		}
		receiveEnd(t, client)
	})
	t.Run("never done writing", func(t *testing.T) {
		client, server := pair(t)
		done := make(chan error, 1) // so that the writer can end before the test asks
		go writeForEver(client, done)
		finish(server, limit)
		server.Close()
		if err := <-done; errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("the client ended with %v, want a reset", err)
		}
	})
	t.Run("already gone", func(t *testing.T) {
		client, server := pair(t)
		client.SetLinger(0)
		client.Close()
		if _, err := server.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Fatalf("read: %v, want a reset", err)
		}
		finish(server, time.Hour)
	})
}

func writeForEver(conn net.Conn, done chan<- error) {
	for {
		if _, err := conn.Write(make([]byte, 1000)); err != nil {
			done <- err
			return
		}
	}
}
