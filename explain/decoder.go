package explain

import (
	"encoding/binary"
	"math"
)

// decoder finds the frames in the bytes of one direction of connection A, however they were cut. It only looks: what
// is illegal is named and gone past, because a tool that explains must show that too. Where no frame can be found any
// more (a length over 63 bits) it stops.
type decoder struct {
	fromClient bool        // frames must be masked
	limit      int         // bytes of payload kept for an event; may change between calls of feed
	emit       func(Event) // gets frame and message events without Seq and T; their Data is valid until emit returns

	off    int64 // of the next byte, on the connection
	head   [14]byte
	have   int   // bytes of head
	frame  Event // the frame whose header is complete
	left   int64 // payload bytes that have not come
	begun  bool  // a BeginFrame was told
	data   []byte
	closed bool // a length that nobody can skip

	frames, messages int64 // so far
	pos              int64 // payload bytes of data frames so far
	message          Event // the message under way
	inMessage        bool
	text             []byte // its first bytes
}

// Opcodes (RFC 6455 section 5.2).
const (
	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xA
)

// feed takes the next bytes.
func (d *decoder) feed(p []byte) {
	for len(p) > 0 && !d.closed {
		if d.have < 2 || d.have < headSize(d.head[1]) {
			d.head[d.have] = p[0]
			d.have++
			d.off++
			p = p[1:]
			if d.have >= 2 && d.have == headSize(d.head[1]) {
				d.begin()
			}
			continue
		}
		n := int(min(d.left, int64(len(p))))
		d.payload(p[:n])
		p = p[n:]
	}
}

// waits tells of a frame whose header is here and whose payload is not, for when no more bytes are at hand.
func (d *decoder) waits() {
	if d.left > 0 && !d.begun && d.have >= 2 && d.have == headSize(d.head[1]) {
		d.begun = true
		begin := d.frame
		begin.Kind = BeginFrame
		d.emit(begin)
	}
}

// headSize is how long a header with this second byte is.
func headSize(second byte) int {
	size := 2
	switch second & 0x7F {
	case 126:
		size += 2
	case 127:
		size += 8
	}
	if second&0x80 != 0 {
		size += 4
	}
	return size
}

// begin looks at a header that has just become complete.
func (d *decoder) begin() {
	h := d.head[:d.have]
	f := Event{
		Layer: Frame, Off: d.off - int64(d.have), Final: h[0]&0x80 != 0, Reserved: h[0] >> 4 & 7, Opcode: h[0] & 0xF,
		Masked: h[1]&0x80 != 0, Size: int64(h[1] & 0x7F),
	}
	minimal := int64(0)
	switch f.Size {
	case 126:
		f.Size, minimal = int64(binary.BigEndian.Uint16(h[2:])), 126
	case 127:
		f.Size, minimal = int64(binary.BigEndian.Uint64(h[2:])), 1<<16
	}
	f.Head = h
	if f.Masked {
		f.Key = h[len(h)-4:]
	}
	f.Kind = kindOf(f.Opcode)
	f.Violation = d.violation(&f, f.Size < minimal)
	d.frames++
	f.N = d.frames
	if f.Opcode&8 == 0 {
		f.Pos = d.pos
		d.beginData(&f)
	}
	d.frame, d.left, d.begun, d.data = f, f.Size, false, d.data[:0]
	if f.Size < 0 {
		d.closed = true
		d.frame.Size, d.frame.Len = 0, int64(d.have)
		d.emit(d.frame)
		return
	}
	d.frame.Len = int64(d.have) + min(f.Size, math.MaxInt64-int64(d.have))
	if d.left == 0 {
		d.end()
	}
}

// beginData puts a data frame into its message: the one under way, or a new one even where that is illegal.
func (d *decoder) beginData(f *Event) {
	if !d.inMessage || f.Opcode != opContinuation {
		d.messages++
		d.message = Event{Layer: Message, Kind: Binary, Off: f.Off, Pos: d.pos, N: d.messages}
		if f.Opcode == opText {
			d.message.Kind = Text
		}
		d.inMessage, d.text = true, d.text[:0]
	}
	d.message.Frames++
	f.Message = d.messages
}

func (d *decoder) payload(p []byte) {
	at := len(d.data)
	if keep := min(len(p), d.limit-at); keep > 0 && int64(at) == d.frame.Size-d.left {
		d.data = append(d.data, p[:keep]...)
		if d.frame.Masked {
			unmask(d.data[at:], d.frame.Key, at)
		}
	}
	d.off += int64(len(p))
	if d.left -= int64(len(p)); d.left == 0 {
		d.end()
	}
}

// end tells of a frame that has come completely, and of its message if it was the last.
func (d *decoder) end() {
	f := d.frame
	f.Data, f.Omitted = d.data, f.Size-int64(len(d.data))
	if f.Opcode == opClose {
		f.Code, f.Reason = closeStatus(d.data)
		if f.Size == 1 && f.Violation == "" {
			f.Violation = OneByteClose
		}
	}
	d.have = 0
	d.emit(f)
	if f.Opcode&8 != 0 {
		return
	}
	d.pos += f.Size
	d.message.Size += f.Size
	if keep := min(len(d.data), d.limit-len(d.text)); keep > 0 && int64(len(d.text)) == d.message.Size-f.Size {
		d.text = append(d.text, d.data[:keep]...)
	}
	if f.Final {
		m := d.message
		m.Len, m.Data, m.Omitted = d.off-m.Off, d.text, m.Size-int64(len(d.text))
		d.inMessage = false
		d.emit(m)
	}
}

// cut tells of a frame that will never be complete.
func (d *decoder) cut() {
	if d.have == 0 || d.closed {
		return
	}
	f := Event{Layer: Frame, Off: d.off - int64(d.have), Head: d.head[:d.have], N: d.frames + 1}
	if d.have >= 2 && d.have == headSize(d.head[1]) {
		f = d.frame
		f.Data, f.Omitted = d.data, f.Size-d.left-int64(len(d.data))
	}
	f.Kind, f.Len = Cut, d.off-f.Off
	d.have = 0
	d.closed = true
	d.emit(f)
}

// closeStatus reads the payload of a Close frame (RFC 6455 section 5.5.1).
func closeStatus(payload []byte) (code int, reason string) {
	if len(payload) < 2 {
		return 1005, ""
	}
	return int(binary.BigEndian.Uint16(payload)), string(payload[2:])
}

func kindOf(opcode byte) Kind {
	switch opcode {
	case opContinuation:
		return Continuation
	case opText:
		return Text
	case opBinary:
		return Binary
	case opClose:
		return CloseFrame
	case opPing:
		return Ping
	case opPong:
		return Pong
	}
	return Unknown
}

// violation is the first thing that is illegal about a frame.
func (d *decoder) violation(f *Event, long bool) string {
	control := f.Opcode&8 != 0
	switch {
	case f.Reserved != 0:
		return ReservedBits
	case d.fromClient && !f.Masked:
		return NotMasked
	case !d.fromClient && f.Masked:
		return MaskedByServer
	case f.Kind == Unknown:
		return UnknownOpcode
	case control && !f.Final:
		return FragmentedControl
	case control && (f.Size > 125 || f.Size < 0):
		return LongControl
	case f.Size < 0:
		return LengthTooBig
	case f.Opcode == opContinuation && !d.inMessage:
		return StrayContinuation
	case !control && f.Opcode != opContinuation && d.inMessage:
		return MessageInMessage
	case long:
		return LengthNotMinimal
	}
	return ""
}
