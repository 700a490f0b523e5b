package page

import (
	"context"
	"fmt"
	"time"

	"wsbridge/explain"
)

// wsEchoPath is the WebSocket echo: a message comes back as one message of the same type.
const wsEchoPath = "/lab/ws-echo"

// frameEvidence is what a raw client sent on a connection of its own, and what answered it.
type frameEvidence struct {
	Case    string   `json:"case"`
	Session string   `json:"session"`
	Sent    []string `json:"sent"`             // frames as they were on the wire, in hex
	Payload []string `json:"payload"`          // theirs, without mask, in hex
	Answer  string   `json:"answer"`           // the message that came back, or a Close frame, in hex; " | " between frames
	Opcode  byte     `json:"opcode"`           // of the first
	Echo    string   `json:"echo,omitempty"`   // payload of that message in hex
	Code    int      `json:"code,omitempty"`   // of a Close frame
	Reason  string   `json:"reason,omitempty"` // likewise
	Ended   string   `json:"ended,omitempty"`  // how TCP ended behind a Close frame: fin, reset, timeout
}

// part is a frame to be sent.
type part struct {
	first   byte // FIN bit and opcode
	payload string
}

// tryFrames sends frames on a new connection to the WebSocket echo.
func (x *run) tryFrames(ctx context.Context, name string, masked bool, parts ...part) (e frameEvidence, err error) {
	c, id, err := x.open(ctx, wsEchoPath, explain.Wishes{})
	if err != nil {
		return e, err
	}
	defer c.Close()
	e = frameEvidence{Case: name, Session: id}
	for _, p := range parts {
		var key []byte
		if masked {
			key = newMask()
		}
		wire := wireFrame(p.first, p.payload, key)
		e.Sent, e.Payload = append(e.Sent, hexOf(wire)), append(e.Payload, hexOf([]byte(p.payload)))
		if _, err := c.conn.Write(wire); err != nil {
			return e, fmt.Errorf("%s: %w", name, err)
		}
	}
	return e, e.read(c)
}

// read takes the answer: a whole message, or a Close frame. Then it sees to a clean end.
func (e *frameEvidence) read(c *rawClient) error {
	c.conn.SetReadDeadline(time.Now().Add(answerWait))
	var message []byte
	for final := false; !final; {
		f, err := c.nextFrame()
		if err != nil {
			return fmt.Errorf("%s: the answer: %w", e.Case, err)
		}
		if e.Answer == "" || f.opcode == opClose {
			e.Answer, e.Opcode = hexOf(f.wire), f.opcode
		} else {
			e.Answer += " | " + hexOf(f.wire)
		}
		if f.opcode == opClose {
			e.Code, e.Reason = f.closeCode()
			c.conn.Write(wireFrame(finBit|opClose, string(f.payload), newMask())) // as a browser answers; the bridge may be gone
			e.Ended = c.awaitEnd(answerWait)
			return nil
		}
		message = append(message, f.payload...)
		final = f.final
	}
	e.Echo = hexOf(message)
	_, err := c.closeCleanly()
	return err
}

// nextFrame is the next one that is no ping.
func (c *rawClient) nextFrame() (gotFrame, error) {
	for {
		if f, err := c.frame(); err != nil || f.opcode != opPing {
			return f, err
		}
	}
}

// maskedEvidence is one of several equal messages.
type maskedEvidence struct {
	Key  string `json:"key"`  // hex
	Wire string `json:"wire"` // hex
	Echo string `json:"echo"` // the frame that came back, in hex
	Text string `json:"text"` // its payload
}

const maskText = "发送数据"

// runMask sends a frame without mask, and one text three times with three masks.
func runMask(ctx context.Context, x *run, _ []byte) (any, error) {
	unmasked, err := x.tryFrames(ctx, "unmasked", false, part{finBit | opText, maskText})
	if err != nil {
		return nil, err
	}
	c, id, err := x.open(ctx, wsEchoPath, explain.Wishes{})
	if err != nil {
		return nil, err
	}
	defer c.Close()
	c.conn.SetReadDeadline(time.Now().Add(answerWait))
	var masked []maskedEvidence
	for range 3 {
		key := newMask()
		wire := wireFrame(finBit|opText, maskText, key)
		if _, err := c.conn.Write(wire); err != nil {
			return nil, err
		}
		f, err := c.nextFrame()
		if err != nil {
			return nil, fmt.Errorf("the echo: %w", err)
		}
		masked = append(masked, maskedEvidence{hexOf(key), hexOf(wire), hexOf(f.wire), string(f.payload)})
	}
	_, err = c.closeCleanly()
	return map[string]any{"text": maskText, "unmasked": unmasked, "session": id, "masked": masked}, err
}

// utf8Cases are text messages; those whose bytes are no UTF-8 end their connection (RFC 6455 section 8.1).
var utf8Cases = []struct {
	name  string
	parts []part
}{
	{"good", []part{{finBit | opText, "发送数据"}}},
	{"cut-between-frames", []part{{opText, "发\xE9\x80"}, {finBit | opContinuation, "\x81数据"}}},
	{"cut-between-messages", []part{{finBit | opText, "发\xE9\x80"}, {finBit | opText, "\x81数据"}}},
	{"bad-bytes", []part{{finBit | opText, "\xC3\x28"}}},
	{"lone-surrogate", []part{{finBit | opText, "\xED\xA0\x80"}}},
	{"bad-bytes-in-binary", []part{{finBit | opBinary, "\xED\xA0\x80"}}},
}

func runUTF8(ctx context.Context, x *run, _ []byte) (any, error) {
	var all []frameEvidence
	for _, u := range utf8Cases {
		e, err := x.tryFrames(ctx, u.name, true, u.parts...)
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return map[string]any{"cases": all}, nil
}
