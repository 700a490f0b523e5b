package lab

import (
	"fmt"
	"io"
	"net"
	"time"
)

// How fast slow reads: at most 200 KiB a second.
const (
	slowBytes = 4 << 10
	slowPause = 20 * time.Millisecond
)

// narrowBuffer is the receive buffer of slow in bytes. Linux doubles it and offers about half of that as window,
// so that a client of any speed soon meets a window of 0 (RFC 9293 section 3.8.6).
const narrowBuffer = 16 << 10

const slowLine = "I read %d bytes.\r\n"

// slow reads a little, waits, and reads again until the client's FIN; then it says how many bytes there were.
func slow(conn net.Conn) {
	buf, total := make([]byte, slowBytes), int64(0)
	for {
		n, err := conn.Read(buf)
		total += int64(n)
		if err == io.EOF {
			fmt.Fprintf(conn, slowLine, total)
		}
		if err != nil {
			return
		}
		time.Sleep(slowPause)
	}
}

// splitText is four characters of three bytes; cut at splitAt, the second one is in two parts.
const (
	splitText  = "发送数据"
	splitAt    = 5
	splitPause = 100 * time.Millisecond // long enough for whoever reads meanwhile to get the first part alone
)

// split sends its text in two writes with a pause between, and then echoes. TCP keeps the bytes, not the
// characters: what was read so far may end inside one (RFC 3629).
func split(conn net.Conn) {
	io.WriteString(conn, splitText[:splitAt])
	time.Sleep(splitPause)
	io.WriteString(conn, splitText[splitAt:])
	echo(conn)
}
