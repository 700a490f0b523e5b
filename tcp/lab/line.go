package lab

import (
	"bytes"
	"errors"
	"io"
	"net"
)

// What the line service says of its own accord.
const (
	greeting = "wsbridge line service. Type a line, I send it back. help lists the commands, quit ends.\r\n"
	help     = "help: this list; quit: ends the connection; any other line is sent back.\r\n"
	goodbye  = "Goodbye.\r\n"
	tooLong  = "That line is longer than 65536 bytes. The rest of it is dropped; the next line is welcome.\r\n"
)

// maxLine is the longest line that is sent back, in bytes without its end.
const maxLine = 64 << 10

// line greets, then sends back each line, ended with CR LF however it was ended on arrival. The lines "help"
// and "quit" are commands. It ends after quit or at the client's FIN.
func line(conn net.Conn) {
	lines := newLineReader(conn, conn, maxLine)
	answer := []byte(greeting)
	for {
		if _, err := conn.Write(answer); err != nil {
			return
		}
		text, err := lines.next()
		switch {
		case errors.Is(err, errLineTooLong):
			answer = append(answer[:0], tooLong...)
		case err != nil:
			return
		case string(text) == "help":
			answer = append(answer[:0], help...)
		case string(text) == "quit":
			io.WriteString(conn, goodbye)
			return
		default:
			answer = append(answer[:0], bytes.ReplaceAll(text, []byte{iac}, []byte{iac, iac})...)
			answer = append(answer, '\r', '\n')
		}
	}
}
