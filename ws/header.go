package ws

import "encoding/binary"

const (
	maxControlPayload = 125 // RFC 6455 section 5.5
	maxCloseReason    = maxControlPayload - 2
	maxServerHeader   = 2 + 8     // a server sends no masking key
	maxClientHeader   = 2 + 8 + 4 // bytes
)

// header is the header of a frame a client sent (RFC 6455 section 5.2).
type header struct {
	fin    bool // the frame's FIN bit: last frame of its message. TCP's FIN is something else
	rsv    byte
	opcode byte
	masked bool
	key    [4]byte
	length int64 // of the payload; negative when the most significant bit was set
	size   int   // of the header itself
}

// parseHeader reads the header that b starts with; ok is false while b does not hold all of it.
func parseHeader(b []byte) (h header, ok bool) {
	if len(b) < 2 {
		return header{}, false
	}
	h = header{fin: b[0]&0x80 != 0, rsv: b[0] & 0x70, opcode: b[0] & 0x0F, masked: b[1]&0x80 != 0, size: 2}
	h.length = int64(b[1] & 0x7F)
	extended := 0
	switch h.length {
	case 126:
		extended = 2
	case 127:
		extended = 8
	}
	h.size += extended
	if h.masked {
		h.size += 4
	}
	if len(b) < h.size {
		return header{}, false
	}
	switch extended {
	case 2:
		h.length = int64(binary.BigEndian.Uint16(b[2:]))
	case 8:
		h.length = int64(binary.BigEndian.Uint64(b[2:]))
	}
	if h.masked {
		copy(h.key[:], b[h.size-4:])
	}
	return h, true
}

func (h header) isControl() bool { return h.opcode&0x8 != 0 }

// isMessage reports whether the frame is a data message by itself.
func (h header) isMessage() bool { return h.fin && (h.opcode == opText || h.opcode == opBinary) }

// violation says what the frame breaks, given whether a message is under way; "" when it is legal.
func (h header) violation(inMessage bool) string {
	switch {
	case h.rsv != 0:
		return "reserved bits set" // section 5.2: no extension was agreed on
	case !h.masked:
		return "frame not masked" // section 5.1
	case h.opcode > opBinary && h.opcode < opClose, h.opcode > opPong:
		return "unknown opcode" // section 5.2
	case h.isControl() && !h.fin:
		return "fragmented control frame" // section 5.5
	case h.isControl() && h.length > maxControlPayload:
		return "control frame over 125 bytes" // section 5.5
	case h.length < 0:
		return "payload length over 63 bits" // section 5.2
	case h.opcode == opContinuation && !inMessage:
		return "continuation of no message" // section 5.4
	case !h.isControl() && h.opcode != opContinuation && inMessage:
		return "new message inside a message" // section 5.4
	}
	return ""
}

// appendHeader appends the header of a frame that a server sends.
func appendHeader(b []byte, fin bool, opcode byte, length int) []byte {
	first := opcode
	if fin {
		first |= 0x80
	}
	switch {
	case length <= 125:
		return append(b, first, byte(length))
	case length <= 0xFFFF:
		return binary.BigEndian.AppendUint16(append(b, first, 126), uint16(length))
	}
	return binary.BigEndian.AppendUint64(append(b, first, 127), uint64(length))
}

func unmask(p []byte, key [4]byte) {
	for four := uint64(binary.LittleEndian.Uint32(key[:])); len(p) >= 8; p = p[8:] {
		binary.LittleEndian.PutUint64(p, binary.LittleEndian.Uint64(p)^(four<<32|four))
	}
	for i := range p {
		p[i] ^= key[i%4]
	}
}
