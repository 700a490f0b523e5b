package tcp

import (
	"net"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The states of linux/tcp_states.h, from 1.
var states = []string{"", "ESTABLISHED", "SYN-SENT", "SYN-RECEIVED", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT", "CLOSED",
	"CLOSE-WAIT", "LAST-ACK", "LISTEN", "CLOSING", "SYN-RECEIVED"}

func info(c net.Conn) (i Info, known bool) {
	sc, ok := c.(syscall.Conn)
	if !ok {
		return Info{}, false
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return Info{}, false
	}
	err = raw.Control(func(fd uintptr) { i, known = settledInfo(int(fd)) })
	return i, known && err == nil
}

// settledInfo asks again when bytes came or went between its questions, so that their answers fit together.
func settledInfo(fd int) (i Info, known bool) {
	const tries = 3
	for range tries {
		if i, known = kernelInfo(fd); !known {
			return Info{}, false
		}
		i.InQueue, i.OutQueue = queueLength(fd, unix.TIOCINQ), queueLength(fd, unix.TIOCOUTQ)
		again, _ := kernelInfo(fd)
		if same(i.BytesReceived, again.BytesReceived) && same(i.BytesAcked, again.BytesAcked) {
			break
		}
	}
	return i, true
}

func same(a, b *uint64) bool { return a == nil || b == nil || *a == *b }

// kernelInfo asks for TCP_INFO itself, because unix.GetsockoptTCPInfo does not tell how much an older kernel filled in.
func kernelInfo(fd int) (i Info, known bool) {
	var t unix.TCPInfo
	size := uint32(unsafe.Sizeof(t))
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.IPPROTO_TCP, unix.TCP_INFO,
		uintptr(unsafe.Pointer(&t)), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 || size == 0 {
		return Info{}, false
	}
	return told(&t, uintptr(size)), true
}

// told is what the kernel filled in: the first size bytes of t.
func told(t *unix.TCPInfo, size uintptr) (i Info) {
	told := func(offset uintptr, value uint64, width uintptr) *uint64 {
		if offset+width > size {
			return nil
		}
		return &value
	}
	if int(t.State) < len(states) {
		i.State = states[t.State]
	}
	i.RTT = told(unsafe.Offsetof(t.Rtt), uint64(t.Rtt), 4)
	i.MinRTT = told(unsafe.Offsetof(t.Min_rtt), uint64(t.Min_rtt), 4)
	if t.Min_rtt == ^uint32(0) {
		i.MinRTT = nil // no sample yet
	}
	i.SndMSS = told(unsafe.Offsetof(t.Snd_mss), uint64(t.Snd_mss), 4)
	i.RcvMSS = told(unsafe.Offsetof(t.Rcv_mss), uint64(t.Rcv_mss), 4)
	i.Cwnd = told(unsafe.Offsetof(t.Snd_cwnd), uint64(t.Snd_cwnd), 4)
	i.SndWnd = told(unsafe.Offsetof(t.Snd_wnd), uint64(t.Snd_wnd), 4)
	i.RcvWnd = told(unsafe.Offsetof(t.Rcv_wnd), uint64(t.Rcv_wnd), 4)
	i.SegsIn = told(unsafe.Offsetof(t.Segs_in), uint64(t.Segs_in), 4)
	i.SegsOut = told(unsafe.Offsetof(t.Segs_out), uint64(t.Segs_out), 4)
	i.DataSegsIn = told(unsafe.Offsetof(t.Data_segs_in), uint64(t.Data_segs_in), 4)
	i.DataSegsOut = told(unsafe.Offsetof(t.Data_segs_out), uint64(t.Data_segs_out), 4)
	i.BytesAcked = told(unsafe.Offsetof(t.Bytes_acked), t.Bytes_acked, 8)
	i.BytesReceived = told(unsafe.Offsetof(t.Bytes_received), t.Bytes_received, 8)
	i.BytesSent = told(unsafe.Offsetof(t.Bytes_sent), t.Bytes_sent, 8)
	i.BytesRetrans = told(unsafe.Offsetof(t.Bytes_retrans), t.Bytes_retrans, 8)
	i.NotSent = told(unsafe.Offsetof(t.Notsent_bytes), uint64(t.Notsent_bytes), 4)
	i.Unacked = told(unsafe.Offsetof(t.Unacked), uint64(t.Unacked), 4)
	i.Retrans = told(unsafe.Offsetof(t.Total_retrans), uint64(t.Total_retrans), 4)
	return i
}

func queueLength(fd int, request uint) *uint64 {
	n, err := unix.IoctlGetInt(fd, request)
	if err != nil {
		return nil
	}
	length := uint64(n)
	return &length
}
