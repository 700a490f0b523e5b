package explain

import (
	"encoding/binary"
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// Whatever the bytes, cut however: the same frames and messages, which tile the stream and say what its bytes say.
func FuzzDecoder(f *testing.F) {
	r := seeded(1)
	for i := range uint64(20) {
		s := randomStream(r, testKey[:4*int(i%2)])
		f.Add([]byte(s.wire[:min(len(s.wire), 2000)]), i%2 == 0, i)
	}
	for _, bad := range []string{"\x88\x81" + testKey, "\x82\xff\x80\x00\x00\x00\x00\x00\x00\x00" + testKey, "\xc2\x80" + testKey, "\x83\x80" + testKey,
		"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff" + testKey, "\x80\x00", "\x82\xfe\x00\x01" + testKey, "\x09\x01a", "\x81"} {
		f.Add([]byte(wireFrame(0x01, "ok", testKey)+bad+wireFrame(0x82, "more", testKey)), true, uint64(3))
	}
	f.Fuzz(func(t *testing.T, wire []byte, fromClient bool, seed uint64) {
		const limit = 20
		r := seeded(seed)
		whole := decode(fromClient, limit, true, string(wire))
		checkTiles(t, string(wire), whole, limit)
		for _, pieces := range [][]string{strings.Split(string(wire), ""), chop(r, string(wire), 1+r.IntN(64))} {
			got, want := plain(t, decode(fromClient, limit, true, pieces...)), plain(t, whole)
			if !slices.Equal(got, want) {
				t.Errorf("% x\nin %d pieces: %s\nwant %s", wire, len(pieces), strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
	})
}

// plain is events without the begins, which depend on the pieces.
func plain(t *testing.T, events []Event) (lines []string) {
	for _, e := range events {
		if e.Kind == BeginFrame {
			continue
		}
		line, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(line))
	}
	return lines
}

// checkTiles compares events with the bytes they are about.
func checkTiles(t *testing.T, wire string, events []Event, limit int) {
	end, pos, frames := int64(0), int64(0), int64(0)
	messages := map[int64][]Event{} // frames by message
	for _, e := range events {
		switch {
		case e.Kind == BeginFrame:
			continue
		case e.Layer == Message:
			checkMessage(t, e, messages[e.N], limit)
			continue
		case e.Off != end || e.Len < 1 || e.Off+e.Len > int64(len(wire)):
			t.Fatalf("% x: frame [%d+%d) where one before ended at %d of %d", wire, e.Off, e.Len, end, len(wire))
		}
		end += e.Len
		if frames++; e.N != frames {
			t.Errorf("% x: frame %d has number %d", wire, frames, e.N)
		}
		checkFrame(t, wire[e.Off:end], e, limit)
		if e.Kind == Cut || e.Opcode&8 != 0 {
			continue
		}
		if messages[e.Message] = append(messages[e.Message], e); e.Pos != pos {
			t.Errorf("% x: frame %d at %d of the payload, want %d", wire, e.N, e.Pos, pos)
		}
		pos += e.Size
	}
	last := len(events) > 0 && events[len(events)-1].Layer == Frame && isEndless(events[len(events)-1])
	if end != int64(len(wire)) && !last {
		t.Errorf("% x: frames end at %d of %d", wire, end, len(wire))
	}
}

// isEndless reports whether nothing behind the frame can be understood.
func isEndless(e Event) bool {
	return len(e.Head) >= 10 && e.Head[1]&0x7F == 127 && e.Head[2]&0x80 != 0
}

// checkFrame compares a frame with its bytes, read in another way than the decoder does.
func checkFrame(t *testing.T, wire string, e Event, limit int) {
	head := string(e.Head)
	if !strings.HasPrefix(wire, head) {
		t.Fatalf("% x: header % x", wire, head)
	}
	payload := wire[len(head):]
	if e.Kind == Cut && e.Size == 0 {
		if payload != "" {
			t.Errorf("% x: cut inside the header, but %d bytes follow it", wire, len(payload))
		}
		return
	}
	size := uint64(wire[1] & 0x7F)
	switch size {
	case 126:
		size = uint64(binary.BigEndian.Uint16([]byte(wire[2:4])))
	case 127:
		size = binary.BigEndian.Uint64([]byte(wire[2:10]))
	}
	isMasked := wire[1]&0x80 != 0
	if !isEndless(e) && uint64(e.Size) != size || e.Masked != isMasked || e.Final != (wire[0] >= 0x80) || e.Opcode != wire[0]&15 || e.Reserved != wire[0]>>4&7 {
		t.Errorf("% x: header is told as %s", head, list([]Event{e}))
	}
	if isMasked {
		payload = masked(payload, string(e.Key))
		if !strings.HasSuffix(head, string(e.Key)) || len(e.Key) != 4 {
			t.Errorf("% x: key % x", head, e.Key)
		}
	}
	kept := payload[:min(len(payload), limit)]
	if string(e.Data) != kept || e.Omitted != int64(len(payload)-len(kept)) {
		t.Errorf("% x: payload %q without %d, want %q of %d", wire, e.Data, e.Omitted, kept, len(payload))
	}
}

func checkMessage(t *testing.T, m Event, frames []Event, limit int) {
	if len(frames) == 0 {
		t.Fatalf("message %d has no frames", m.N)
	}
	first, last, size, kept := frames[0], frames[len(frames)-1], int64(0), ""
	for _, f := range frames {
		if int64(len(kept)) == size {
			kept += string(f.Data)
		}
		size += f.Size
	}
	kept = kept[:min(len(kept), limit)]
	if m.Off != first.Off || m.Off+m.Len != last.Off+last.Len || m.Size != size || m.Frames != int64(len(frames)) || m.Pos != first.Pos ||
		string(m.Data) != kept || m.Omitted != size-int64(len(kept)) {
		t.Errorf("message %s\nof frames %s", brief([]Event{m}), brief(frames))
	}
}
