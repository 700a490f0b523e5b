package explain

import "wsbridge/tcp"

// Event is one observed fact of a session. Its JSON form is a line of --trace=json and a data line of the live feed.
// A field that is absent is zero, empty or does not apply.
//
// Stream, Dir, Off and Len say which bytes it is about: Len bytes from Off, of connection A (client and bridge) or B
// (bridge and target), of those that come "in" to the bridge or go "out" of it. Offsets count from the first byte of
// the connection in that direction. For a TLS connection they count plaintext.
type Event struct {
	Session string `json:"session,omitempty"` // number of the pair; only in --trace=json, where sessions mix
	Seq     int64  `json:"seq"`               // 1, 2, 3 … within the session; a gap is always explained by a "dropped"
	T       int64  `json:"t"`                 // microseconds since the session began, on the bridge's clock
	Stream  Stream `json:"stream,omitempty"`
	Dir     Dir    `json:"dir,omitempty"`
	Layer   Layer  `json:"layer"`
	Kind    Kind   `json:"kind"`
	Off     int64  `json:"off,omitempty"`
	Len     int64  `json:"len,omitempty"`

	// Data is the bytes of the interval (base64 in JSON). For read, write, recv and send: as they are on the connection.
	// For frame and message: the payload without the mask. Omitted is how many bytes are missing at the end of Data.
	Data    []byte `json:"data,omitempty"`
	Omitted int64  `json:"omitted,omitempty"`

	// N numbers events of the same stream, dir and layer (the third read on A is 3), in frame and message too.
	N int64 `json:"n,omitempty"`

	// read, write, recv, send, socket
	By     string `json:"by,omitempty"`     // read: "http" when it was the HTTP server's, before the upgrade
	Local  string `json:"local,omitempty"`  // accept, connect: address of the bridge's end
	Remote string `json:"remote,omitempty"` // accept, connect: address of the other end
	Error  string `json:"error,omitempty"`  // the operating system's words
	TLS    bool   `json:"tls,omitempty"`    // the bytes shown are plaintext, the wire has TLS records. shutdown: a close_notify goes before the FIN

	// Version of the PROXY header that a preface is: 1 or 2. Its Local and Remote are the addresses in it, of the client
	// and of what that connected to, or absent.
	Version int `json:"version,omitempty"`

	// http
	HTTP *HTTP `json:"http,omitempty"`

	// frame (RFC 6455 section 5.2) and message
	Head      []byte `json:"head,omitempty"`      // the header: 2 to 14 bytes
	Final     bool   `json:"final,omitempty"`     // the frame's FIN bit; TCP's FIN is something else
	Reserved  byte   `json:"reserved,omitempty"`  // RSV1 to RSV3 as a number from 0 to 7
	Opcode    byte   `json:"opcode,omitempty"`    // 0 to 15
	Masked    bool   `json:"masked,omitempty"`    //
	Key       []byte `json:"key,omitempty"`       // masking key: 4 bytes
	Size      int64  `json:"size,omitempty"`      // bytes of payload
	Pos       int64  `json:"pos,omitempty"`       // where the payload begins in all payload of data frames of its direction
	Message   int64  `json:"message,omitempty"`   // frame: number of the message it belongs to
	Frames    int64  `json:"frames,omitempty"`    // message: how many
	Violation string `json:"violation,omitempty"` // what is illegal about the frame; see the Violation constants

	// frame close; pair cause, refused, dial-failed
	Code   int    `json:"code,omitempty"`   // of the Close frame, 1005 when it has none
	Reason string `json:"reason,omitempty"` // in that Close frame

	// pair
	Began  string  `json:"began,omitempty"`  // begin: date and time (RFC 3339)
	Path   string  `json:"path,omitempty"`   // begin
	Target string  `json:"target,omitempty"` // begin, dial: as the operator named it
	Status int     `json:"status,omitempty"` // refused, dial-failed: HTTP status
	Why    string  `json:"why,omitempty"`    // refused, dial-failed, cause: the bridge's words, as in its log
	Totals *Totals `json:"totals,omitempty"` // dropped, end

	// kernel
	TCP *TCP `json:"tcp,omitempty"`

	// Say is the key of the words for this event (see Words).
	Say string `json:"say,omitempty"`
}

// Stream names a connection.
type Stream string

// The connections of a pair.
const (
	A Stream = "A" // client and bridge: HTTP, then frames
	B Stream = "B" // bridge and target: only the bytes
)

// Dir is a direction, as the bridge sees it: In on A and Out on B carry what goes up, from client to target.
type Dir string

// The directions.
const (
	In  Dir = "in"
	Out Dir = "out"
)

// Layer is who does or knows the thing.
type Layer string

// The layers and their kinds.
const (
	Socket   Layer = "socket"  // accept, preface, connect, connect-failed, shutdown, eof, error, close
	Read     Layer = "read"    // read: a call of read() by the bridge returned these bytes
	Write    Layer = "write"   // write: a call of write() by the bridge is about to be given these bytes; short: it took only so many
	Recv     Layer = "recv"    // recv, eof: what the built-in practice server did; a target elsewhere cannot be seen
	Send     Layer = "send"    // send: likewise
	HTTPText Layer = "http"    // request, response
	Frame    Layer = "frame"   // begin, text, binary, continuation, close, ping, pong, unknown, cut
	Message  Layer = "message" // text, binary
	Kernel   Layer = "kernel"  // sample; target: of the practice server's socket
	Pair     Layer = "pair"    // begin, dial, refused, dial-failed, upgraded, cause, end
	Feed     Layer = "feed"    // dropped: N events are missing here, because whoever watches did not keep up
)

// Kind is what happened.
type Kind string

// The kinds, by layer.
const (
	Accept        Kind = "accept"         // socket: the bridge accepted connection A
	Preface       Kind = "preface"        // socket: a PROXY header, before all else: Data. Offsets count only what follows
	Connect       Kind = "connect"        // socket: connection B is there
	ConnectFailed Kind = "connect-failed" // socket: it is not; Error says why
	Shutdown      Kind = "shutdown"       // socket, out: the bridge sent FIN
	EOF           Kind = "eof"            // socket, in: the peer's FIN arrived. recv: the bridge's FIN arrived there
	Failed        Kind = "error"          // socket: a call failed; Error says why
	Closed        Kind = "close"          // socket: the bridge gave the connection up

	ReadCall  Kind = "read"
	WriteCall Kind = "write"
	Short     Kind = "short" // the write() before took only Len bytes from Off on
	RecvCall  Kind = "recv"
	SendCall  Kind = "send"

	Request  Kind = "request"
	Response Kind = "response"

	BeginFrame   Kind = "begin" // the header of a frame is there, its payload not yet
	Text         Kind = "text"
	Binary       Kind = "binary"
	Continuation Kind = "continuation"
	CloseFrame   Kind = "close"
	Ping         Kind = "ping"
	Pong         Kind = "pong"
	Unknown      Kind = "unknown" // an opcode nobody defined
	Cut          Kind = "cut"     // the connection ended inside the frame; Len bytes of it came

	Sample       Kind = "sample"
	TargetSample Kind = "target"

	Begin      Kind = "begin"
	Dial       Kind = "dial"
	Refused    Kind = "refused"     // no pair: Status and Why
	DialFailed Kind = "dial-failed" // Why, and Status or Code
	Upgraded   Kind = "upgraded"
	Cause      Kind = "cause" // why the pair ends: Why; Code and Reason of the Close frame the bridge sends, if any
	End        Kind = "end"

	Dropped Kind = "dropped"
)

// What is illegal about a frame (RFC 6455 section 5).
const (
	ReservedBits      = "reserved bits set"
	NotMasked         = "client frame not masked"
	MaskedByServer    = "server frame masked"
	UnknownOpcode     = "unknown opcode"
	FragmentedControl = "fragmented control frame"
	LongControl       = "control frame over 125 bytes"
	LengthTooBig      = "length over 63 bits"
	StrayContinuation = "continuation of no message"
	MessageInMessage  = "new message inside a message"
	LengthNotMinimal  = "length not in its shortest form"
	OneByteClose      = "Close frame of one byte"
)

// HTTP is a request or a response as its bytes were, but with the values of Cookie, Set-Cookie, Authorization and
// Proxy-Authorization replaced by as many asterisks (in Data of reads and writes too).
type HTTP struct {
	Line    string      `json:"line"`              // "GET /echo HTTP/1.1", "HTTP/1.1 101 Switching Protocols"
	Headers [][2]string `json:"headers"`           // in their order
	Status  int         `json:"status,omitempty"`  // response
	Key     string      `json:"key,omitempty"`     // Sec-WebSocket-Key of the request, in the response too
	Accept  string      `json:"accept,omitempty"`  // Sec-WebSocket-Accept as sent
	Derived string      `json:"derived,omitempty"` // base64(SHA-1(Key + GUID)), computed here and not taken from the wire
	Body    string      `json:"body,omitempty"`    // of a refusal
}

// TCP is what the kernel tells about a socket, beside what the bridge counted itself.
type TCP struct {
	tcp.Info
	BytesRead    int64 `json:"bytes_read"`    // what read() has returned so far; of the practice server's: its own
	BytesWritten int64 `json:"bytes_written"` // what write() has taken so far
}

// Totals counts everything of a session so far, what a viewer was not shown too.
type Totals struct {
	A Traffic `json:"a"`
	B Traffic `json:"b"`
}

// Traffic counts one connection, by direction.
type Traffic struct {
	In  Count `json:"in"`
	Out Count `json:"out"`
}

// Count counts one direction of a connection.
type Count struct {
	Bytes    int64 `json:"bytes"`
	Calls    int64 `json:"calls"` // of read() or write() by the bridge
	Frames   int64 `json:"frames,omitempty"`
	Messages int64 `json:"messages,omitempty"`
	Payload  int64 `json:"payload,omitempty"` // bytes in data frames
}

// vital reports whether e is kept and shown even when a flood pushes others out.
func (e *Event) vital() bool {
	switch e.Layer {
	case Read, Write, Recv, Send, Message, Kernel:
		return e.Kind == Short || e.Kind == EOF
	case Frame:
		return e.Kind == CloseFrame || e.Kind == Cut || e.Violation != ""
	}
	return true
}
