package lab

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

func TestSlowCountsWhatItReads(t *testing.T) {
	s := start(t, "slow")
	for _, size := range []int{0, 1, 100_000} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			t.Parallel()
			conn := dial(t, s.Addr())
			began := time.Now()
			send(t, conn, strings.Repeat("x", size))
			closeWrite(t, conn)
			receive(t, conn, fmt.Sprintf(slowLine, size))
			receiveEnd(t, conn)
			if took, least := time.Since(began), time.Duration(size/slowBytes)*slowPause; took < least {
				t.Errorf("it took %v, want at least %v", took, least)
			}
		})
	}
}

// TestSlowSoonTakesNoMore: what the client's side holds back is far more than what slow and its kernel took.
func TestSlowSoonTakesNoMore(t *testing.T) {
	conn := dial(t, start(t, "slow").Addr())
	conn.SetWriteBuffer(8 << 10)
	conn.SetWriteDeadline(time.Now().Add(200 * time.Millisecond))
	n, err := conn.Write(make([]byte, 8<<20))
	if !errors.Is(err, os.ErrDeadlineExceeded) || n > 1<<20 {
		t.Errorf("in 200 ms it took %d bytes (%v), want a small part of 8 MiB", n, err)
	}
}

func TestSplitSendsACharacterInTwoParts(t *testing.T) {
	conn := dial(t, start(t, "split").Addr())
	buf := make([]byte, 100)
	var parts []string
	for got := 0; got < len(splitText); {
		n, err := conn.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		parts, got = append(parts, string(buf[:n])), got+n
	}
	if strings.Join(parts, "|") != "发\xe9\x80|\x81数据" {
		t.Errorf("received %q, want 发送数据 as 5 bytes and 7", parts)
	}
	send(t, conn, "数\xe6")
	receive(t, conn, "数\xe6")
	closeWrite(t, conn)
	receiveEnd(t, conn)
}

func TestUpdates(t *testing.T) {
	conn := dial(t, start(t, "updates").Addr())
	began := time.Now()
	got, err := io.ReadAll(conn)
	if err != nil || len(got) != Updates*UpdateSize {
		t.Fatalf("received %d bytes (%v), want %d and FIN", len(got), err, Updates*UpdateSize)
	}
	if took, least := time.Since(began), (Updates-2)*UpdateEvery; took < least {
		t.Errorf("they came within %v, want at least %v", took, least)
	}
	last := began.UnixMicro() - time.Second.Microseconds()
	for i := range Updates {
		var n int
		var at int64
		line := string(got[i*UpdateSize:][:UpdateSize])
		if _, err := fmt.Sscanf(line, "update %02d %016d\n", &n, &at); err != nil || n != i || at < last {
			t.Fatalf("line %d is %q (%v), want its number and a time after %d", i, line, err, last)
		}
		last = at
	}
}

func TestUpdatesEndWhenTheClientIsGone(t *testing.T) {
	s := start(t, "updates")
	conn := dial(t, s.Addr())
	receive(t, conn, "update 00 ")
	conn.SetLinger(0)
	conn.Close()
	receive(t, dial(t, s.Addr()), "update 00 ")
}
