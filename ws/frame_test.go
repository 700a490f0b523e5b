package ws

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
)

// fin is the FIN bit: the last frame of its message.
const fin = 0x80

// key is the masking key of every frame here.
const key = "\x37\xfa\x21\x3d"

// frame is a masked frame as a browser sends it; first is the FIN bit, the reserved bits and the opcode.
func frame(first byte, payload string) string {
	return frameHeader(first, 0x80, uint64(len(payload))) + key + masked(payload)
}

// serverFrame is a frame as a server sends it.
func serverFrame(first byte, payload string) string {
	return frameHeader(first, 0, uint64(len(payload))) + payload
}

// frameHeader is a header up to the masking key, with the length in the shortest form.
func frameHeader(first, mask byte, n uint64) string {
	b := []byte{first}
	switch {
	case n < 126:
		b = append(b, mask|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, mask|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, mask|127), n)
	}
	return string(b)
}

func masked(payload string) string {
	b := []byte(payload)
	for i := range b {
		b[i] ^= key[i%len(key)]
	}
	return string(b)
}

// closePayload is the payload of a Close frame.
func closePayload(code uint16, reason string) string {
	return string(binary.BigEndian.AppendUint16(nil, code)) + reason
}

// readFrame reads a frame that a server sent. It wants no mask, no reserved bits and the shortest length form.
func readFrame(r *bufio.Reader) (first byte, payload string, err error) {
	b := make([]byte, 2, maxServerHeader)
	if _, err := io.ReadFull(r, b); err != nil {
		return 0, "", err
	}
	n := uint64(b[1])
	switch n {
	case 126:
		b = b[:4]
		_, err = io.ReadFull(r, b[2:])
		n = uint64(binary.BigEndian.Uint16(b[2:]))
	case 127:
		b = b[:10]
		_, err = io.ReadFull(r, b[2:])
		n = binary.BigEndian.Uint64(b[2:])
	}
	if err != nil {
		return 0, "", fmt.Errorf("header cut: %w", err)
	}
	if want := frameHeader(b[0]&^0x70, 0, n); string(b) != want || n > 1<<30 {
		return 0, "", fmt.Errorf("frame header % x, want % x", b, want)
	}
	p := make([]byte, n)
	if m, err := io.ReadFull(r, p); err != nil {
		return 0, "", fmt.Errorf("payload cut after %d of %d bytes: %w", m, n, err)
	}
	return b[0], string(p), nil
}

// framesOf is the frames that a script's Conn has written.
func framesOf(t testing.TB, s *script) (firsts []byte, payloads []string) {
	t.Helper()
	r := bufio.NewReader(strings.NewReader(s.sent()))
	for {
		first, payload, err := readFrame(r)
		if err == io.EOF {
			return firsts, payloads
		}
		if err != nil {
			t.Fatal(err)
		}
		firsts, payloads = append(firsts, first), append(payloads, payload)
	}
}

// chop cuts s into pieces of 1 to most bytes.
func chop(r *rand.Rand, s string, most int) []string {
	var pieces []string
	for s != "" {
		n := min(1+r.IntN(most), len(s))
		pieces, s = append(pieces, s[:n]), s[n:]
	}
	return pieces
}

// seeded is a source of splits that is the same in every run.
func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

// beginsUTF8 reports whether some end makes s valid UTF-8, by trying them.
func beginsUTF8(s string) bool {
	ends := []string{""}
	for i := 0; i < len(ends); i++ {
		if utf8.ValidString(s + ends[i]) {
			return true
		}
		if len(ends[i]) < utf8.UTFMax-1 {
			for _, b := range []string{"\x80", "\x90", "\xa0"} {
				ends = append(ends, ends[i]+b)
			}
		}
	}
	return false
}

func TestHeaderNeedsAllItsBytes(t *testing.T) {
	tests := []struct {
		claim, header string
		length        int64
	}{
		{"no payload", "\x82\x80" + key, 0},
		{"125 bytes", "\x82\xfd" + key, 125},
		{"126 bytes", "\x82\xfe\x00\x7e" + key, 126},
		{"65535 bytes", "\x82\xfe\xff\xff" + key, 65535},
		{"65536 bytes", "\x82\xff\x00\x00\x00\x00\x00\x01\x00\x00" + key, 65536},
		{"the most that RFC 6455 allows", "\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff" + key, 1<<63 - 1},
		{"no mask", "\x82\x7d", 125},
	}
	for _, tt := range tests {
		t.Run(tt.claim, func(t *testing.T) {
			for n := range len(tt.header) {
				if h, ok := parseHeader([]byte(tt.header[:n])); ok {
					t.Errorf("parseHeader(% x) = %+v, want more bytes", tt.header[:n], h)
				}
			}
			h, ok := parseHeader([]byte(tt.header + "more"))
			if !ok || h.length != tt.length || h.size != len(tt.header) {
				t.Errorf("parseHeader(% x) = %+v, %v, want length %d and size %d", tt.header, h, ok, tt.length, len(tt.header))
			}
			if h.masked && string(h.key[:]) != key {
				t.Errorf("key % x, want % x", h.key, key)
			}
		})
	}
}
