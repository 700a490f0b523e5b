package tcp

import "net"

// Info is what the kernel tells about a connection (TCP_INFO, SIOCINQ, SIOCOUTQ). A field is nil when this system or
// kernel does not tell it. The JSON names are those of linux/tcp.h, without their prefixes.
type Info struct {
	State         string  `json:"state,omitempty"`          // RFC 9293 section 3.3.2: ESTABLISHED, CLOSE-WAIT, …
	RTT           *uint64 `json:"rtt,omitempty"`            // microseconds, smoothed; far too high right after the handshake
	MinRTT        *uint64 `json:"min_rtt,omitempty"`        // microseconds
	SndMSS        *uint64 `json:"snd_mss,omitempty"`        // bytes
	RcvMSS        *uint64 `json:"rcv_mss,omitempty"`        // bytes; 536 until data has come
	Cwnd          *uint64 `json:"cwnd,omitempty"`           // segments
	SndWnd        *uint64 `json:"snd_wnd,omitempty"`        // bytes the peer has offered to take
	RcvWnd        *uint64 `json:"rcv_wnd,omitempty"`        // bytes we have offered to take
	SegsIn        *uint64 `json:"segs_in,omitempty"`        // with those that carry no data
	SegsOut       *uint64 `json:"segs_out,omitempty"`       // likewise
	DataSegsIn    *uint64 `json:"data_segs_in,omitempty"`   // segments that carried data
	DataSegsOut   *uint64 `json:"data_segs_out,omitempty"`  // likewise
	BytesAcked    *uint64 `json:"bytes_acked,omitempty"`    // of what we sent; our FIN counts as one, and so does the SYN of the side that connected
	BytesReceived *uint64 `json:"bytes_received,omitempty"` // in order, whether read or not; the peer's FIN counts as one
	BytesSent     *uint64 `json:"bytes_sent,omitempty"`     // with those sent again
	BytesRetrans  *uint64 `json:"bytes_retrans,omitempty"`  // bytes sent again
	NotSent       *uint64 `json:"notsent_bytes,omitempty"`  // taken by write(), not sent yet
	Unacked       *uint64 `json:"unacked,omitempty"`        // segments on their way
	Retrans       *uint64 `json:"total_retrans,omitempty"`  // segments sent again
	InQueue       *uint64 `json:"inq,omitempty"`            // SIOCINQ: bytes that wait for read()
	OutQueue      *uint64 `json:"outq,omitempty"`           // SIOCOUTQ: bytes not acknowledged, sent or not
}

// InfoOf asks the kernel about c. known is false where nothing is
// told: not Linux, not TCP, or c is closed. It does not block.
func InfoOf(c net.Conn) (i Info, known bool) { return info(c) }
