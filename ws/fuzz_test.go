package ws

import (
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"
)

// outcome is how a stream of frames ends, in one word: an error's text would say less to the model.
func outcome(c *Conn, err error) any {
	v := (*Violation)(nil)
	switch {
	case errors.As(err, &v):
		return v.Code
	case err == io.EOF:
		return *c.PeerClose()
	}
	return err
}

// model reads frames that are all there, the simple way. Of a text frame that is not UTF-8, Read may have returned
// some before it found out; that is maybe.
func model(wire string, limit int64) (payload, maybe string, end any) {
	var text string // of the message under way, if it is text
	var opcode byte // of the message under way; 0 between messages
	size := int64(0)
	for {
		h, ok := parseHeader([]byte(wire))
		if !ok {
			return payload, "", io.ErrUnexpectedEOF
		}
		if h.violation(opcode != 0) != "" {
			return payload, "", ProtocolError
		}
		wire = wire[h.size:]
		n := min(h.length, int64(len(wire)))
		data, cut := unmasked(wire[:n], h.key), n < h.length
		wire = wire[n:]
		switch {
		case h.isControl() && cut:
			return payload, "", io.ErrUnexpectedEOF
		case h.opcode == opClose:
			return payload, "", modelClose(data)
		case h.isControl():
			continue
		case h.opcode != opContinuation:
			opcode, text, size = h.opcode, "", 0
		}
		if size += h.length; size < 0 || limit > 0 && size > limit {
			return payload, "", MessageTooBig
		}
		if opcode == opText {
			text += data
			if !beginsUTF8(text) || !cut && h.fin && !utf8.ValidString(text) {
				return payload, data, InvalidPayload
			}
		}
		if payload += data; cut {
			return payload, "", io.ErrUnexpectedEOF
		}
		if h.fin {
			opcode = 0
		}
	}
}

func unmasked(s string, key [4]byte) string {
	b := []byte(s)
	for i := range b {
		b[i] ^= key[i%4]
	}
	return string(b)
}

func modelClose(p string) any {
	if p == "" {
		return CloseError{Code: NoStatus}
	}
	if len(p) == 1 {
		return ProtocolError
	}
	code := binary.BigEndian.Uint16([]byte(p))
	if code < 1000 || code == 1004 || code == 1005 || code == 1006 || code > 1014 && code < 3000 || code > 4999 {
		return ProtocolError
	}
	if !utf8.ValidString(p[2:]) {
		return InvalidPayload
	}
	return CloseError{StatusCode(code), p[2:]}
}

// Whatever a client sends, cut however: Read ends, and with the payload and the error of the model.
func FuzzRead(f *testing.F) {
	frames, _ := legalFrames()
	for i, one := range frames {
		if len(one) < 1000 {
			f.Add([]byte(strings.Join(frames[max(0, i-3):i], "")+one), uint16(0), uint64(i))
			f.Add([]byte(one+frame(fin|opClose, closePayload(1000, "x"))), uint16(7), uint64(i))
		}
	}
	for i, bad := range notUTF8 {
		f.Add([]byte(frame(opText, "a"+bad[:1])+frame(fin|opPing, bad)+frame(fin, bad[1:])), uint16(0), uint64(i))
	}
	for i, bad := range []string{"\x88\x81" + key, "\x82\xff\x80\x00\x00\x00\x00\x00\x00\x00" + key, "\xc2\x80" + key, "\x83\x80" + key, "\x82\x00"} {
		f.Add([]byte(frame(fin|opBinary, "ok")+bad), uint16(0), uint64(i))
	}
	f.Fuzz(func(t *testing.T, wire []byte, limit uint16, seed uint64) {
		if len(wire) > 1<<16 {
			return // beginsUTF8 is slow
		}
		r := seeded(seed)
		payload, maybe, end := model(string(wire), int64(limit))
		for _, reads := range [][]string{{string(wire)}, strings.Split(string(wire), ""), chop(r, string(wire), 1+r.IntN(64))} {
			if len(wire) == 0 {
				reads = nil
			}
			c := play(t, Options{MaxMessage: int64(limit)}, &script{reads: reads})
			got, err := readAll(c, 1+r.IntN(100))
			if !strings.HasPrefix(got, payload) || !strings.HasPrefix(payload+maybe, got) || outcome(c, err) != end {
				t.Errorf("% x\nin %d reads: got %q, %v\nwant %q (or more of %q), %v", wire, len(reads), got, err, payload, maybe, end)
			}
			if c.Received() != int64(len(got)) {
				t.Errorf("Received() = %d, want %d", c.Received(), len(got))
			}
			c.Release()
		}
	})
}

func FuzzParseHeader(f *testing.F) {
	frames, _ := legalFrames()
	for _, one := range frames {
		f.Add([]byte(one[:min(len(one), maxClientHeader)]))
	}
	f.Add([]byte("\x82\xff\x80\x00\x00\x00\x00\x00\x00\x01" + key))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, ok := parseHeader(b)
		if !ok {
			if len(b) >= maxClientHeader {
				t.Errorf("% x: not ok, want a header in %d bytes", b, maxClientHeader)
			}
			return
		}
		if h.size < 2 || h.size > maxClientHeader || h.size > len(b) {
			t.Fatalf("% x: size %d", b, h.size)
		}
		for n := range h.size {
			if short, ok := parseHeader(b[:n]); ok {
				t.Errorf("% x: %+v from its first %d bytes, size %d", b, short, n, h.size)
			}
		}
		if alone, ok := parseHeader(b[:h.size]); !ok || alone != h {
			t.Errorf("% x: %+v, want %+v with nothing behind it", b, alone, h)
		}
		if h.length < 0 {
			return
		}
		// In the shortest form and as a server sends it, it says the same.
		short := []byte(frameHeader(b[0], b[1]&0x80, uint64(h.length)))
		if h.masked {
			short = append(short, h.key[:]...)
		}
		want := h
		want.size = len(short)
		if again, ok := parseHeader(short); !ok || again != want {
			t.Errorf("% x: %+v, want %+v", short, again, want)
		}
		sent := appendHeader(nil, h.fin, h.opcode, int(h.length))
		if again, ok := parseHeader(sent); !ok || again != (header{fin: h.fin, opcode: h.opcode, length: h.length, size: len(sent)}) {
			t.Errorf("appendHeader: % x is %+v, want the fields of %+v", sent, again, h)
		}
	})
}

// Any bytes in any pieces, whatever the client sends meanwhile: text is UTF-8 and says what the bytes say, and of
// the bytes of mirror none is lost.
func FuzzText(f *testing.F) {
	for i, bad := range notUTF8 {
		f.Add([]byte(bad), uint64(i))
		f.Add([]byte("a\u20ac"+bad+"\U0001F642"), uint64(i))
	}
	f.Fuzz(func(t *testing.T, data []byte, seed uint64) {
		for _, messages := range []Messages{Text, Mirror} {
			r := seeded(seed)
			s := &script{}
			c := play(t, Options{Messages: messages}, s)
			tellType(c, s, "<t")
			for _, piece := range chop(r, string(data), 1+r.IntN(8)) {
				if r.IntN(8) == 0 {
					tellType(c, s, []string{"<t", "<b"}[r.IntN(2)])
				}
				c.Write([]byte(piece))
			}
			c.WriteClose(NoStatus, "")
			c.Release()
			checkConserved(t, c, s, string(data))
		}
	})
}
