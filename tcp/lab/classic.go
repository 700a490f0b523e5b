package lab

import (
	"fmt"
	"io"
	"net"
	"time"
)

// echo sends every byte back, in order, until the client's FIN (RFC 862).
//
// A client that sends without reading stalls itself: its bytes fill the buffers on the way back, then this
// server writes and does not read. It reads on when the client does.
func echo(conn net.Conn) {
	buf := make([]byte, 32<<10)
	for {
		n, err := conn.Read(buf)
		if n > 0 {
			if _, err := conn.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// discard reads and drops until the client's FIN (RFC 863).
func discard(conn net.Conn) { io.Copy(io.Discard, conn) }

// daytimeLayout is the first syntax of RFC 867: "Tuesday, February 22, 1982 17:37:43-PST".
const daytimeLayout = "Monday, January 2, 2006 15:04:05-MST"

// daytime sends the date and time as one line (RFC 867), in UTC, so that it means the same everywhere. It
// asks for nothing; what the client sends is dropped while the connection ends.
func daytime(conn net.Conn) {
	io.WriteString(conn, time.Now().UTC().Format(daytimeLayout)+"\r\n")
}

const (
	firstPrinting = ' '
	printing      = 95 // printing characters in ASCII, from ' ' to '~'
	patternWidth  = 72 // characters in a line, without CR LF
)

// pattern is RFC 864's pattern up to where it repeats: line N has the characters N to N+71 of the ring of 95.
// All connections write these 7030 bytes again and again, one write for 95 lines.
var pattern = makePattern()

func makePattern() []byte {
	var p []byte
	for n := range printing {
		for i := range patternWidth {
			p = append(p, byte(firstPrinting+(n+i)%printing))
		}
		p = append(p, '\r', '\n')
	}
	return p
}

// chargen sends the pattern until the client ends (RFC 864), be it with FIN or with RST. What the client sends
// is dropped meanwhile, so that a client that only writes is not stalled.
func chargen(conn net.Conn) {
	ended := make(chan any) // what dropInput panicked with, or nil; no capacity, for chargen always waits
	go dropInput(conn, ended)
	defer stopInput(conn, ended)
	for err := error(nil); err == nil; {
		_, err = conn.Write(pattern)
	}
}

// stopInput waits for dropInput, which need not wait for a FIN any more.
func stopInput(conn net.Conn, ended <-chan any) {
	conn.SetReadDeadline(time.Now())
	if r := <-ended; r != nil {
		panic(r)
	}
}

// dropInput reads and drops until the client's FIN and then ends the writer, which may be stalled. A
// panic is handed over instead of ending the process.
func dropInput(conn net.Conn, ended chan<- any) {
	defer func() {
		r := recover()
		if r != nil {
			r = fmt.Sprintf("dropping the input: %v", r)
		}
		conn.SetWriteDeadline(time.Now())
		ended <- r
	}()
	io.Copy(io.Discard, conn)
}
