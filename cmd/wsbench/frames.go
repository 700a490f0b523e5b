package main

import (
	"encoding/binary"
	"fmt"
)

// Opcodes, and the bit that says that a frame is the last of its message (RFC 6455 section 5.2).
const (
	opContinuation = 0x0
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xA

	finBit  = 0x80
	maskBit = 0x80
)

// maskingKey masks everything sent here: it is chosen once, so that masking costs nothing while something is measured.
var maskingKey = [4]byte{0x37, 0xfa, 0x21, 0x3d}

// appendFrame appends a client's frame, final and masked.
func appendFrame(b []byte, opcode byte, payload []byte) []byte {
	b = append(b, finBit|opcode)
	switch n := len(payload); {
	case n < 126:
		b = append(b, maskBit|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, maskBit|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, maskBit|127), uint64(n))
	}
	b = append(b, maskingKey[:]...)
	for i, c := range payload {
		b = append(b, c^maskingKey[i%4])
	}
	return b
}

// load is a period of the stream, cut into messages, as it goes over the wire. It is made once and sent often.
type load struct {
	size int    // bytes of a message
	step int    // bytes it has on the wire
	wire []byte // the messages of a period
}

func newLoad(size int, ws bool) *load {
	l := &load{size: size, step: size, wire: pattern()}
	if !ws {
		return l
	}
	l.wire = nil
	for pos := 0; pos < period; pos += size {
		l.wire = appendFrame(l.wire, opBinary, pattern()[pos:pos+size])
	}
	l.step = len(l.wire) / (period / size)
	return l
}

// messages are n messages from the first-th on, or fewer where the period ends.
func (l *load) messages(first, n int64) []byte {
	all := int64(period / l.size)
	first %= all
	n = min(n, all-first)
	return l.wire[first*int64(l.step) : (first+n)*int64(l.step)]
}

// frames finds payload in what a server sends, however it is cut. The zero value is ready.
type frames struct {
	head    [10]byte
	n       int   // bytes of head that have come
	left    int64 // payload bytes of the frame that have not
	opcode  byte
	inside  bool   // a message that is not over
	control []byte // payload of a control frame
}

// next takes bytes from the front of p. data is payload of a message; ended is the opcode of a control frame whose
// payload is now in f.control, 0 if there is none.
func (f *frames) next(p []byte) (rest, data []byte, ended byte, err error) {
	for f.left == 0 {
		if len(p) == 0 {
			return nil, nil, 0, nil
		}
		f.head[f.n] = p[0]
		f.n++
		p = p[1:]
		if f.n < f.headSize() {
			continue
		}
		if err := f.begin(); err != nil {
			return nil, nil, 0, err
		}
		if f.left == 0 && f.opcode >= opClose {
			return p, nil, f.opcode, nil
		}
	}
	n := min(f.left, int64(len(p)))
	f.left -= n
	if f.opcode < opClose {
		return p[n:], p[:n], 0, nil
	}
	f.control = append(f.control, p[:n]...)
	if f.left == 0 && n > 0 {
		ended = f.opcode
	}
	return p[n:], nil, ended, nil
}

// headSize is how long the header is, as far as what has come says.
func (f *frames) headSize() int {
	if f.n < 2 {
		return 2
	}
	switch f.head[1] &^ maskBit {
	case 126:
		return 4
	case 127:
		return 10
	}
	return 2
}

// begin reads a complete header.
func (f *frames) begin() error {
	first, second := f.head[0], f.head[1]
	f.opcode, f.left = first&0x0f, int64(second)
	switch f.n {
	case 4:
		f.left = int64(binary.BigEndian.Uint16(f.head[2:]))
	case 10:
		f.left = int64(binary.BigEndian.Uint64(f.head[2:]))
	}
	head := f.head[:f.n]
	f.n = 0
	switch fin := first&finBit != 0; {
	case first&0x70 != 0 || second&maskBit != 0 || f.left < 0:
	case f.opcode == opClose || f.opcode == opPing || f.opcode == opPong:
		f.control = f.control[:0]
		if fin && f.left < 126 {
			return nil
		}
	case f.opcode == opBinary && !f.inside || f.opcode == opContinuation && f.inside:
		f.inside = !fin
		return nil
	}
	return fmt.Errorf("corrupt: % x is no header of a frame that belongs here", head)
}
