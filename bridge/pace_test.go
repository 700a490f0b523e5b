package bridge

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"wsbridge/tcp"
)

// endless is a source that is never empty and costs nothing to read.
type endless struct{}

func (endless) Read(b []byte) (int, error) { return len(b), nil }

// between is a source that takes its time before each read.
type between struct {
	io.Reader
	pause func() time.Duration
}

func (r between) Read(b []byte) (int, error) {
	time.Sleep(r.pause())
	return r.Reader.Read(b)
}

// readFor reads for about so long and returns what came and how long it took.
func readFor(r io.Reader, buf []byte, d time.Duration) (bytes int64, took time.Duration) {
	for start := time.Now(); took < d; took = time.Since(start) {
		n, _ := r.Read(buf)
		bytes += int64(n)
	}
	return bytes, took
}

func wantPace(t *testing.T, rate, bytes int64, took time.Duration) {
	t.Helper()
	if got := float64(bytes) / took.Seconds(); math.Abs(got/float64(rate)-1) > 0.01 {
		t.Errorf("got %d bytes in %v, which is %.0f a second, want %d", bytes, took, got, rate)
	}
}

func TestPaceIsKept(t *testing.T) {
	none := func() time.Duration { return 0 }
	for _, rate := range []int64{1 << 10, 5000, 64_000, 1 << 20, 100_000_000} {
		for _, buffer := range []int{64, 1000, 16 << 10, pacedRead, 256 << 10} {
			for _, row := range []struct {
				claim string
				pause func() time.Duration
			}{
				{"of a source that never waits", none},
				{"of a source and a target that take their time", func() time.Duration {
					return rand.N(time.Second * time.Duration(min(int64(buffer), rate/4)) / time.Duration(rate))
				}},
			} {
				if rate/int64(buffer) > 20_000 {
					continue // too many reads for a test
				}
				if row.claim != "of a source that never waits" && buffer < 16<<10 {
					continue // what is slower than the pace tells nothing about it
				}
				t.Run(fmt.Sprintf("%d bytes a second through %d %s", rate, buffer, row.claim), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						r := newPace(rate).paced(between{endless{}, row.pause})
						bytes, took := readFor(r, make([]byte, buffer), 10*time.Second)
						wantPace(t, rate, bytes, took)
					})
				})
			}
		}
	}
}

func TestPaceOfSmallReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bytes, took := readFor(newPace(64_000).paced(iotest.OneByteReader(endless{})), make([]byte, 16<<10), 10*time.Second)
		wantPace(t, 64_000, bytes, took)
	})
}

// TestPaceAfterRest: a pause is made up for, but only a quarter of a second of it.
func TestPaceAfterRest(t *testing.T) {
	const rate = 64_000
	synctest.Test(t, func(t *testing.T) {
		r := newPace(rate).paced(endless{})
		readFor(r, make([]byte, 16<<10), time.Second)
		time.Sleep(time.Minute)
		start := time.Now()
		r.Read(make([]byte, rate/4))
		if took := time.Since(start); took != 0 {
			t.Errorf("a quarter of a second's worth took %v after a rest, want none", took)
		}
		bytes, took := readFor(r, make([]byte, 16<<10), 10*time.Second)
		wantPace(t, rate, bytes, took)
	})
}

// TestPacedReadIsShort: pings are answered, and ends noticed, between reads.
func TestPacedReadIsShort(t *testing.T) {
	for _, row := range []struct {
		rate int64
		most time.Duration
	}{{1 << 10, time.Second}, {2 << 10, time.Second / 2}, {4 << 10, time.Second / 4}, {1 << 20, time.Second / 4}, {1 << 40, time.Second / 4}} {
		synctest.Test(t, func(t *testing.T) {
			r := newPace(row.rate).paced(endless{})
			for range 20 {
				start := time.Now()
				n, _ := r.Read(make([]byte, 1<<20))
				if took := time.Since(start); took > row.most+leastHold || int64(n) > max(row.rate/4, 1<<10) {
					t.Errorf("%d bytes a second: %d bytes were held for %v, want at most %v", row.rate, n, took, row.most)
				}
			}
		})
	}
}

func TestNoPace(t *testing.T) {
	p, src := newPace(0), new(tcp.Conn)
	if r := p.source(src); p != nil || r != source(src) {
		t.Errorf("got %v and %v, want nil and the source itself", p, r)
	}
	p.release()
}

// TestReleaseInTheMiddle: what is held is passed on at the same moment, and what follows without limit, all of it.
func TestReleaseInTheMiddle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		want := []byte(random(3 << 20))
		p := newPace(1 << 10)
		var got bytes.Buffer
		var wg sync.WaitGroup
		start := time.Now()
		wg.Go(func() { pump(&got, p.paced(bytes.NewReader(want))) })
		time.Sleep(3500 * time.Millisecond)
		synctest.Wait()
		if n := got.Len(); n != 3<<10 {
			t.Errorf("got %d bytes before the release, want %d", n, 3<<10)
		}
		var releases sync.WaitGroup
		for range 3 {
			releases.Go(p.release)
		}
		releases.Wait()
		wg.Wait()
		if took := time.Since(start); took != 3500*time.Millisecond {
			t.Errorf("the rest took until %v, want no time after 3.5s", took)
		}
		if sha256.Sum256(got.Bytes()) != sha256.Sum256(want) {
			t.Errorf("got %d other bytes, want the %d of the source", got.Len(), len(want))
		}
	})
}

func TestReleaseBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPace(1 << 10)
		r := p.paced(endless{})
		p.release()
		start := time.Now()
		if n, err := r.Read(make([]byte, 1<<20)); n != 1<<20 || err != nil || time.Since(start) != 0 {
			t.Errorf("got %d, %v after %v, want the whole buffer at once", n, err, time.Since(start))
		}
	})
}

// TestPacedErrors: an error comes with the bytes it came with, and at once when it comes alone.
func TestPacedErrors(t *testing.T) {
	lost := errors.New("lost")
	for _, row := range []struct {
		claim string
		src   io.Reader
		want  string
		err   error
		took  time.Duration
	}{
		{"EOF alone", strings.NewReader(""), "", io.EOF, 0},
		{"EOF with bytes", iotest.DataErrReader(strings.NewReader(random(1 << 10))), random(1 << 10), io.EOF, time.Second},
		{"EOF after bytes", strings.NewReader(random(1 << 10)), random(1 << 10), io.EOF, time.Second},
		{"another error", iotest.ErrReader(lost), "", lost, 0},
		{"another error after bytes", io.MultiReader(strings.NewReader(random(512)), iotest.ErrReader(lost)), random(512), lost, time.Second / 2},
	} {
		t.Run(row.claim, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var got bytes.Buffer
				start := time.Now()
				err := pump(&got, newPace(1<<10).paced(row.src))
				if err != row.err || got.String() != row.want || time.Since(start) != row.took {
					t.Errorf("got %d bytes and %v after %v, want %d and %v after %v", got.Len(), err, time.Since(start), len(row.want), row.err, row.took)
				}
			})
		})
	}
}

// TestPaceServesBothDirections: each reader has the whole pace for itself, loses nothing, and is released with the other.
func TestPaceServesBothDirections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rate, each = 100_000, 2_000_000
		p := newPace(rate)
		var wg sync.WaitGroup
		var got [2]bytes.Buffer
		for i := range got {
			src := iotest.HalfReader(strings.NewReader(random(each)))
			wg.Go(func() { pump(&got[i], p.paced(src)) })
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		for i := range got {
			wantPace(t, rate, int64(got[i].Len()), 10*time.Second)
		}
		p.release()
		wg.Wait()
		for i := range got {
			if got[i].String() != random(each) {
				t.Errorf("direction %d: got %d bytes that differ from the %d of the source", i, got[i].Len(), each)
			}
		}
	})
}

// tcpPair is both ends of a connection.
func tcpPair(t *testing.T) (near *tcp.Conn, far net.Conn) {
	t.Helper()
	ln := listen(t, "tcp", "127.0.0.1:0")
	far, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(); far.Close() })
	far.SetDeadline(time.Now().Add(patience))
	return tcp.NewConn(conn, patience), far
}

// TestPaceIsBackpressure: what a pace holds back waits with the sender, who is not told that it was taken.
func TestPaceIsBackpressure(t *testing.T) {
	near, far := tcpPair(t)
	want := strings.Repeat(random(1<<20), 64) // more than socket buffers hold
	p := newPace(leastBandwidth)
	sent := make(chan struct{})
	go writeAll(far, want, sent)
	r := p.paced(near)
	head := make([]byte, 100)
	if _, err := io.ReadFull(r, head); err != nil {
		t.Fatal(err)
	}
	select {
	case <-sent:
		t.Error("the sender could send everything at a pace of 1 KiB a second")
	default:
	}
	p.release()
	rest := make([]byte, len(want)-len(head))
	if _, err := io.ReadFull(r, rest); err != nil {
		t.Fatal(err)
	}
	<-sent
	if sha256.Sum256(append(head, rest...)) != sha256.Sum256([]byte(want)) {
		t.Error("the bytes that arrived are not those that were sent")
	}
}

// TestDrainOfAPacedConnection: after a release, everything that had arrived is still passed on.
func TestDrainOfAPacedConnection(t *testing.T) {
	near, far := tcpPair(t)
	want := random(32 << 10)
	p := newPace(leastBandwidth)
	var got bytes.Buffer
	ended := make(chan error, 1) // so that the pump never waits for the test
	if _, err := io.WriteString(far, want); err != nil {
		t.Fatal(err)
	}
	go pumpInto(&got, p.paced(near), ended)
	p.release()
	near.Drain()
	if err := <-ended; !errors.Is(err, tcp.ErrDrained) || got.String() != want {
		t.Errorf("got %d bytes and %v, want %d and %v", got.Len(), err, len(want), tcp.ErrDrained)
	}
}

func pumpInto(dst io.Writer, src source, ended chan<- error) {
	ended <- pump(dst, src)
}

func TestParseBandwidth(t *testing.T) {
	for _, row := range []struct {
		s    string
		want int64
		says string // of an error
	}{
		{"0", 0, ""},
		{"0/s", 0, ""},
		{"0MiB", 0, ""},
		{"64000", 64000, ""},
		{"64000B/s", 64000, ""},
		{"1024", 1024, ""},
		{"1KiB", 1 << 10, ""},
		{"500KiB", 500 << 10, ""},
		{"500kB", 500_000, ""},
		{"500KB", 500_000, ""},
		{"1MiB/s", 1 << 20, ""},
		{"10MB", 10_000_000, ""},
		{"1GB", 1_000_000_000, ""},
		{"8589934591GiB", 8589934591 << 30, ""},
		{"8589934592GiB", 0, "too large"},
		{"99999999999GiB", 0, "too large"},
		{"9223372036854775808", 0, "too large"},
		{"", 0, "such as 64000, 500KiB"},
		{"/s", 0, "such as 64000, 500KiB"},
		{"fast", 0, "such as 64000, 500KiB"},
		{"-1MiB", 0, "negative"},
		{"1.5MiB", 0, "whole number"},
		{"10Mb", 0, "bits"},
		{"10mbps", 0, "bits"},
		{"10mib", 0, "known: B, KB"},
		{"10M", 0, "known: B, KB"},
		{"1 MiB", 0, `unknown unit " MiB"`},
		{"1MiB/m", 0, `unknown unit "MiB/m"`},
		{"1MiB/s/s", 0, `unknown unit "MiB/s"`},
		{"1023", 0, "is 1023 bytes a second; the least is 1KiB"},
		{"5", 0, "the least is 1KiB"},
	} {
		got, err := ParseBandwidth(row.s)
		switch {
		case row.says != "":
			if err == nil || !strings.Contains(err.Error(), row.says) || got != 0 {
				t.Errorf("ParseBandwidth(%q): got %d, %v; want an error that says %q", row.s, got, err, row.says)
			}
		case err != nil || got != row.want:
			t.Errorf("ParseBandwidth(%q): got %d, %v; want %d", row.s, got, err, row.want)
		}
	}
}

func FuzzParseLimits(f *testing.F) {
	for _, s := range []string{"0", "5", "5/s", "60/m", "20/10s", "1/24h", "64000", "500KiB", "10MB/s", "1.5MiB", "9223372036854775807", "-1", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if r, err := ParseRate(s); err == nil {
			again, err := ParseRate(r.String())
			if err != nil || again != r {
				t.Errorf("rate %q is %#v; %q is %#v, %v", s, r, r, again, err)
			}
			if !r.none() && (r.earn(float64(r.N)) < r.Per || r.limit() <= 0) {
				t.Errorf("rate %q: %d take %v and come at %v a second", s, r.N, r.earn(float64(r.N)), r.limit())
			}
		}
		if n, err := ParseBandwidth(s); err == nil {
			again, err := ParseBandwidth(fmt.Sprint(n))
			if err != nil || again != n || n < 0 || n > 0 && n < 1024 {
				t.Errorf("bandwidth %q is %d; again it is %d, %v", s, n, again, err)
			}
			if p := newPace(n); (p == nil) != (n == 0) || p != nil && p.burst < 1024 {
				t.Errorf("bandwidth %q: %d makes pace %+v", s, n, p)
			}
		}
	})
}

// BenchmarkPacedRead has a pace that never holds, one that a fast source meets now and then, and one released.
func BenchmarkPacedRead(b *testing.B) {
	for _, size := range []int{64, 16 << 10} {
		for _, row := range []struct {
			claim    string
			rate     int64
			released bool
		}{{"never held", math.MaxInt64, false}, {"held", 1 << 30, false}, {"released", 1 << 10, true}} {
			b.Run(fmt.Sprintf("%d %s", size, row.claim), func(b *testing.B) {
				p := newPace(row.rate)
				r, buf := p.paced(endless{}), make([]byte, size)
				if row.released {
					p.release()
				}
				b.ReportAllocs()
				b.SetBytes(int64(size))
				for b.Loop() {
					r.Read(buf)
				}
			})
		}
	}
}
