package explain

import (
	"fmt"
	"io"
	"net"
	"testing"
	"time"
)

// still is a connection whose calls cost nothing, so that what is measured is the tap's own.
type still struct{ net.Conn }

func (still) Read(p []byte) (int, error)  { return len(p), nil }
func (still) Write(p []byte) (int, error) { return len(p), nil }
func (still) LocalAddr() net.Addr         { return &net.TCPAddr{} }
func (still) RemoteAddr() net.Addr        { return &net.TCPAddr{} }

// watchings are who watches.
func watchings(b *testing.B, run func(b *testing.B, s *Session)) {
	b.Run("unwatched", func(b *testing.B) { run(b, nil) })
	b.Run("watched", func(b *testing.B) { run(b, begun(b)) })
	b.Run("stuck viewer", func(b *testing.B) {
		s := begun(b)
		defer s.View().Close()
		run(b, s)
	})
}

// flood makes a session as large as it gets.
func flood(s *Session) {
	for range 2 * maxRecords {
		s.Record(readOf(floodBytes))
	}
}

var floodBytes = random(1000)

func tapFor(s *Session) *Tap {
	if s == nil {
		t := TapClient(still{}).(*Tap)
		t.Ignore()
		return t
	}
	flood(s)
	return s.TapTarget(still{}, still{}).(*Tap)
}

func BenchmarkTapRead(b *testing.B) {
	for _, size := range []int{64, 16 << 10} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			watchings(b, func(b *testing.B, s *Session) {
				tap, p := tapFor(s), make([]byte, size)
				b.ReportAllocs()
				b.SetBytes(int64(size))
				for b.Loop() {
					tap.Read(p)
				}
			})
		})
	}
}

func BenchmarkTapWrite(b *testing.B) {
	for _, size := range []int{64, 32 << 10} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			watchings(b, func(b *testing.B, s *Session) {
				tap, p := tapFor(s), make([]byte, size)
				b.ReportAllocs()
				b.SetBytes(int64(size))
				for b.Loop() {
					tap.Write(p)
				}
			})
		})
	}
}

func BenchmarkTapWriteBuffers(b *testing.B) {
	watchings(b, func(b *testing.B, s *Session) {
		tap, head, p := tapFor(s), make([]byte, 4), make([]byte, 32<<10)
		parts, v := [2][]byte{}, net.Buffers(nil)
		b.ReportAllocs()
		b.SetBytes(int64(len(p)))
		for b.Loop() {
			parts = [2][]byte{head, p}
			v = parts[:]
			tap.WriteBuffers(&v)
		}
	})
}

func BenchmarkRecord(b *testing.B) {
	watchings(b, func(b *testing.B, s *Session) {
		if s != nil {
			flood(s)
		}
		e := readOf(random(64))
		b.ReportAllocs()
		for b.Loop() {
			s.Record(e)
		}
	})
}

// A viewer that reads as a page's feed does, while a frame after the other is recorded.
func BenchmarkRecordWithLiveViewer(b *testing.B) {
	s := begun(b)
	flood(s)
	done := make(chan struct{})
	go func() {
		defer close(done)
		watchAll(s.View(), 400, func() { time.Sleep(50 * time.Millisecond) })
	}()
	e := readOf(random(64))
	for b.Loop() {
		s.Record(e)
	}
	s.End()
	<-done
}

// The decoder alone, and with a session behind it.
func BenchmarkDecoder(b *testing.B) {
	for _, size := range []int{64, 16 << 10} {
		for _, key := range []string{testKey, ""} {
			wire := []byte(wireFrame(0x82, random(size), key))
			name := map[bool]string{true: "masked", false: "plain"}[key != ""]
			b.Run(fmt.Sprintf("%s/%d", name, size), func(b *testing.B) {
				d := &decoder{fromClient: key != "", limit: keptForPage, emit: func(Event) {}}
				b.ReportAllocs()
				b.SetBytes(int64(size))
				for b.Loop() {
					d.feed(wire)
				}
			})
			b.Run(fmt.Sprintf("%s/%d recorded", name, size), func(b *testing.B) {
				s := begun(b)
				flood(s)
				d := &decoder{fromClient: key != "", limit: keptForPage, emit: func(e Event) { s.Record(e) }}
				b.ReportAllocs()
				b.SetBytes(int64(size))
				for b.Loop() {
					d.feed(wire)
				}
			})
		}
	}
}

// What is recorded of a pair costs no allocation for a frame, in any of its calls.
func TestNoAllocationWatched(t *testing.T) {
	s := begun(t)
	tap := tapFor(s)
	l := tap.line.Load()
	l.stream = A
	l.in.phase, l.out.phase = inFrames, inFrames
	l.beginFrames(s, &l.in, In, nil, 0)
	l.beginFrames(s, &l.out, Out, nil, 0)
	in, out := []byte(wireFrame(0x82, random(20_000), testKey)), []byte(wireFrame(0x82, random(20_000), ""))
	v, parts := net.Buffers(nil), [2][]byte{}
	viewer := s.View()
	defer viewer.Close()
	tap.Conn = fed{still{}, in}
	p := make([]byte, len(in))
	n := testing.AllocsPerRun(1000, func() {
		tap.Read(p)
		parts = [2][]byte{out[:4], out[4:]}
		v = parts[:]
		tap.WriteBuffers(&v)
	})
	if n != 0 {
		t.Errorf("%v allocations for a frame in and a frame out, want 0", n)
	}
}

// fed is a connection that brings the same bytes again and again.
type fed struct {
	still
	bytes []byte
}

func (f fed) Read(p []byte) (int, error) { return copy(p, f.bytes), nil }

var _ io.Reader = fed{}
