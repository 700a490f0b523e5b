package lab

import (
	"bufio"
	"errors"
	"io"
)

// Telnet commands (RFC 854): IAC ("interpret as command") announces one, IAC IAC is one data byte 255.
const (
	se   = 240 // end of a subnegotiation
	sb   = 250 // begin of a subnegotiation, up to IAC SE
	will = 251 // will, won't, do and don't are followed by an option
	wont = 252
	do   = 253
	dont = 254
	iac  = 255
)

var errLineTooLong = errors.New("line too long")

// A lineReader reads the lines of a client that may be telnet.
//
// A line ends with CR LF, LF, or CR NUL (RFC 1123 section 3.3.1 wants the last taken like the first), and may
// end with the stream. Any other CR is text. Telnet commands are not text, even in the middle of a line. How
// the bytes were cut into segments changes nothing.
type lineReader struct {
	in    *bufio.Reader
	out   io.Writer // takes the refusals
	limit int       // bytes in a line; no more are kept

	text     []byte
	cr       bool // a CR that may belong to the line's end is not in text yet
	dropping bool // up to the end of a line that was too long
}

func newLineReader(in io.Reader, out io.Writer, limit int) *lineReader {
	return &lineReader{in: bufio.NewReader(in), out: out, limit: limit}
}

// next returns the next line without its end; it is valid until the following call. As soon as a line is
// longer than the limit the error is errLineTooLong, and the call after that goes on with the line behind it.
func (l *lineReader) next() ([]byte, error) {
	l.text = l.text[:0]
	for {
		b, err := l.data()
		switch {
		case err == io.EOF && !l.dropping && (l.cr || len(l.text) > 0):
			l.cr = false
			return l.text, nil
		case err != nil:
			return nil, err
		case b == '\n' || b == 0 && l.cr:
			l.cr = false
			if !l.dropping {
				return l.text, nil
			}
			l.dropping = false
		default:
			if err := l.add(b); err != nil {
				return nil, err
			}
		}
	}
}

// add takes b, which does not end a line, into the text, behind a CR that did not end one either.
func (l *lineReader) add(b byte) error {
	heldCR := l.cr
	l.cr = b == '\r'
	if l.dropping {
		return nil
	}
	if heldCR {
		l.text = append(l.text, '\r')
	}
	if !l.cr {
		l.text = append(l.text, b)
	}
	l.dropping = len(l.text) > l.limit
	if l.dropping {
		return errLineTooLong
	}
	return nil
}

// data returns the next byte that is not part of a telnet command.
func (l *lineReader) data() (byte, error) {
	for {
		b, err := l.in.ReadByte()
		if err != nil || b != iac {
			return b, err
		}
		command, err := l.in.ReadByte()
		if err != nil || command == iac {
			return command, err
		}
		if err := l.obey(command); err != nil {
			return 0, err
		}
	}
}

// obey reads the rest of a command. Options are refused, for a telnet may hold its output back until it
// is answered; what a refusal or any other command asks for is the case already.
func (l *lineReader) obey(command byte) error {
	switch command {
	case sb:
		return l.skipSubnegotiation()
	case will:
		return l.refuse(dont)
	case do:
		return l.refuse(wont)
	case wont, dont:
		_, err := l.in.ReadByte()
		return err
	}
	return nil
}

func (l *lineReader) refuse(how byte) error {
	option, err := l.in.ReadByte()
	if err != nil {
		return err
	}
	_, err = l.out.Write([]byte{iac, how, option})
	return err
}

func (l *lineReader) skipSubnegotiation() error {
	for command := byte(0); command != se; {
		b, err := l.in.ReadByte()
		if err != nil {
			return err
		}
		if b != iac {
			continue
		}
		if command, err = l.in.ReadByte(); err != nil {
			return err
		}
	}
	return nil
}
