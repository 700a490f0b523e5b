package main

import (
	"encoding/binary"
	"fmt"
)

// What a client asks of the target, through the relay: the first bytes of the connection are a request, and when it has
// been answered another may follow.
//
//	"wsb" mode up down     up and down are 8 bytes each, big-endian
//
// Behind it the client sends up bytes of the stream. The target sends down bytes of it, or in mode echo the up bytes as they come, and
// then a verdict: what it thinks of the up bytes.
const (
	modeTransfer = 't'
	modeEcho     = 'e'
	modeBye      = 'b' // nothing but the verdict: what came before it was as long as it should be
)

const requestSize = 3 + 1 + 8 + 8

type request struct {
	mode     byte
	up, down int64
}

func (r request) append(b []byte) []byte {
	b = append(b, "wsb"...)
	b = append(b, r.mode)
	b = binary.BigEndian.AppendUint64(b, uint64(r.up))
	return binary.BigEndian.AppendUint64(b, uint64(r.down))
}

func parseRequest(b []byte) (r request, ok bool) {
	r = request{b[3], int64(binary.BigEndian.Uint64(b[4:])), int64(binary.BigEndian.Uint64(b[12:]))}
	known := r.mode == modeTransfer || r.mode == modeEcho || r.mode == modeBye
	return r, known && string(b[:3]) == "wsb" && r.up >= 0 && r.down >= 0
}

// A verdict is a word and a number of bytes.
const (
	verdictSize = 4 + 8

	wordDone = "done" // so many bytes came, and were right
	wordDiff = "diff" // the byte behind so many is not the one that was sent
	wordLost = "lost" // something came that is no request, so many answered requests after the start
)

func appendVerdict(b []byte, word string, n int64) []byte {
	return binary.BigEndian.AppendUint64(append(b, word...), uint64(n))
}

// judge returns an error unless verdict b says that all is well.
func judge(b []byte, up int64) error {
	n := int64(binary.BigEndian.Uint64(b[4:]))
	switch word := string(b[:4]); {
	case word == wordDone && n == up:
		return nil
	case word == wordDiff:
		return fmt.Errorf("corrupt: byte %d that reached the target is not the one sent", n)
	case word == wordLost:
		return fmt.Errorf("corrupt: bytes reached the target that were not sent, or some are missing, before request %d", n+1)
	default:
		return fmt.Errorf("corrupt: % x where the target's verdict should be", b)
	}
}
