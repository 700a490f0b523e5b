package lab

import (
	"fmt"
	"io"
	"net"
	"time"
)

// A practice run of updates: so many lines of so many bytes, one every UpdateEvery.
const (
	Updates     = 100
	UpdateSize  = 27
	UpdateEvery = 10 * time.Millisecond
)

// Update is line n, from 0 to 99, that came up at the given time: "update 42 1763820000123456", in microseconds
// since 1970, and LF. It always has UpdateSize bytes.
func Update(n int, at time.Time) string {
	return fmt.Sprintf("update %02d %016d\n", n%Updates, at.UnixMicro())
}

// updates sends all lines and ends, or stops when the client is gone. It reads nothing meanwhile.
func updates(conn net.Conn) {
	tick := time.NewTicker(UpdateEvery)
	defer tick.Stop()
	for n := range Updates {
		if n > 0 {
			<-tick.C
		}
		if _, err := io.WriteString(conn, Update(n, time.Now())); err != nil {
			return
		}
	}
}
