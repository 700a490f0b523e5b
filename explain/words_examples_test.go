package explain

import "wsbridge/tcp"

func ptr(n uint64) *uint64 { return &n }

// examples has at least one event for each key of the words.
func examples() []Event {
	var all []Event
	for _, more := range [][]Event{pairExamples(), causeExamples(), socketExamples(), callExamples(), httpExamples(), frameExamples(), violationExamples(), kernelExamples(), jsExamples()} {
		all = append(all, more...)
	}
	for i := range all {
		all[i].Seq, all[i].T = int64(i+1), int64(i+1)*130
	}
	return all
}

func pairExamples() []Event {
	totals := &Totals{A: Traffic{In: Count{Bytes: 1521}, Out: Count{Bytes: 12129}}, B: Traffic{In: Count{Bytes: 12000}, Out: Count{Bytes: 6}}}
	pair := []Event{
		{Kind: Begin, Path: "/echo", Began: "2026-11-22T13:29:13.137001Z"},
		{Kind: Dial, Target: "localhost:7"},
		{Kind: Upgraded},
		{Kind: End, Totals: totals},
		{Kind: DialFailed, Status: 502, Why: "target refused the connection", Error: "connect: connection refused"},
	}
	for _, status := range []int{400, 401, 403, 404, 405, 418, 426, 429, 503} {
		pair = append(pair, Event{Kind: Refused, Status: status, Why: "the bridge's words"})
	}
	for _, reason := range []tcp.Reason{tcp.Refused, tcp.NotFound, tcp.TimedOut, tcp.Unreachable, tcp.TLSFailed, tcp.OutOfDescriptors, tcp.OtherDialFail} {
		pair = append(pair, Event{Kind: DialFailed, Code: 1014, Why: string(reason), Error: "what the system says"})
	}
	pair = append(pair, Event{Kind: Cause, Code: 1014, Why: string(tcp.Refused)})
	for i := range pair {
		pair[i].Layer = Pair
	}
	return append(pair, Event{Layer: Feed, Kind: Dropped, N: 4812, Totals: totals}, Event{Layer: Feed, Kind: Dropped, N: 1},
		Event{Layer: "unheard", Kind: "of"})
}

// causeExamples has the causes by the names that bridge gives them.
func causeExamples() []Event {
	causes := []Event{
		{Why: "client closed", Code: 4001, Reason: "bye"},
		{Why: "client closed", Code: 1005},
		{Why: "client connection lost", Error: "read: connection reset by peer"},
		{Why: "target closed", Code: 1000, Reason: "target closed"},
		{Why: "target connection lost", Code: 1014, Reason: "target connection lost", Error: "read: connection reset by peer"},
		{Why: "target connection lost", Code: 1014, Reason: "target connection lost", Error: "read: connection timed out"},
		{Why: "target write failed", Code: 1011, Reason: "target write failed", Error: "write: broken pipe"},
		{Why: "no sign of life from the client"},
		{Why: "client took no byte"},
		{Why: "target took no byte"},
		{Why: "idle limit", Code: 1001, Reason: "idle limit"},
		{Why: "session limit", Code: 1001, Reason: "session limit"},
		{Why: "shutdown", Code: 1001, Reason: "server shutting down"},
		{Why: "internal error", Code: 1011, Reason: "internal error"},
		{Why: "frame not masked", Code: 1002, Reason: "frame not masked"},
		{Why: "text is not UTF-8", Code: 1007, Reason: "text is not UTF-8"},
		{Why: "message over the limit", Code: 1009, Reason: "message over the limit"},
		{Why: "something new", Code: 1013},
	}
	for i := range causes {
		causes[i].Layer, causes[i].Kind = Pair, Cause
	}
	return causes
}

const proxyLine = "PROXY TCP4 203.0.113.7 198.51.100.2 56324 443\r\n"

func socketExamples() []Event {
	const client, bridge, out, target = "127.0.0.1:53128", "127.0.0.1:9998", "127.0.0.1:41000", "127.0.0.1:7"
	return []Event{
		{Stream: A, Dir: In, Layer: Socket, Kind: Accept, Local: bridge, Remote: client},
		{Stream: A, Dir: In, Layer: Socket, Kind: Accept, Local: bridge, Remote: client, TLS: true},
		{Stream: B, Dir: Out, Layer: Socket, Kind: Connect, Local: out, Remote: target},
		{Stream: B, Dir: Out, Layer: Socket, Kind: Connect, Local: out, Remote: target, TLS: true},
		{Stream: A, Dir: In, Layer: Socket, Kind: Preface, Len: int64(len(proxyLine)), Data: []byte(proxyLine), Version: 1, Local: "198.51.100.2:443", Remote: "203.0.113.7:56324"},
		{Stream: A, Dir: In, Layer: Socket, Kind: Preface, Len: 16, Version: 2},
		{Stream: B, Dir: Out, Layer: Socket, Kind: Preface, Len: int64(len(proxyLine)), Data: []byte(proxyLine), Version: 1},
		{Stream: B, Layer: Socket, Kind: ConnectFailed, Error: "connect: connection refused"},
		{Stream: A, Dir: Out, Layer: Socket, Kind: Shutdown},
		{Stream: A, Dir: Out, Layer: Socket, Kind: Shutdown, TLS: true},
		{Stream: B, Dir: Out, Layer: Socket, Kind: Shutdown},
		{Stream: B, Dir: Out, Layer: Socket, Kind: Shutdown, TLS: true},
		{Stream: A, Dir: In, Layer: Socket, Kind: EOF},
		{Stream: A, Dir: In, Layer: Socket, Kind: EOF, TLS: true},
		{Stream: B, Dir: In, Layer: Socket, Kind: EOF},
		{Stream: B, Dir: In, Layer: Socket, Kind: EOF, TLS: true},
		{Stream: A, Dir: In, Layer: Socket, Kind: Failed, Error: "read: connection reset by peer"},
		{Stream: A, Dir: In, Layer: Socket, Kind: Failed, Error: "read: connection reset by peer", TLS: true},
		{Stream: B, Dir: Out, Layer: Socket, Kind: Failed, Error: "write: broken pipe"},
		{Stream: A, Dir: Out, Layer: Socket, Kind: Closed},
		{Stream: B, Dir: Out, Layer: Socket, Kind: Closed},
	}
}

func callExamples() []Event {
	return []Event{
		{Stream: A, Dir: In, Layer: Read, Kind: ReadCall, By: "http", Len: 497, N: 1},
		{Stream: A, Dir: In, Layer: Read, Kind: ReadCall, Off: 497, Len: 24, N: 2},
		{Stream: A, Dir: In, Layer: Read, Kind: ReadCall, Off: 521, Len: 1, N: 3},
		{Stream: A, Dir: In, Layer: Read, Kind: ReadCall, Off: 521, Len: 1, N: 3, TLS: true},
		{Stream: B, Dir: In, Layer: Read, Kind: ReadCall, Len: 6, N: 1, TLS: true},
		{Stream: B, Dir: In, Layer: Read, Kind: ReadCall, Len: 6, N: 1, Data: []byte("ABBCCC")},
		{Stream: A, Dir: Out, Layer: Write, Kind: WriteCall, By: "http", Len: 129, N: 1},
		{Stream: A, Dir: Out, Layer: Write, Kind: WriteCall, Off: 129, Len: 8, N: 2},
		{Stream: B, Dir: Out, Layer: Write, Kind: WriteCall, Len: 12, N: 1, Data: []byte("发送数据")},
		{Stream: A, Dir: Out, Layer: Write, Kind: WriteCall, Off: 129, Len: 8, N: 2, TLS: true},
		{Stream: B, Dir: Out, Layer: Write, Kind: WriteCall, Len: 12, N: 1, TLS: true},
		{Stream: B, Dir: Out, Layer: Write, Kind: Short, Len: 4096, Omitted: 12288},
		{Stream: B, Dir: Out, Layer: Recv, Kind: RecvCall, Len: 12, N: 1, Data: []byte("发送数据")},
		{Stream: B, Dir: Out, Layer: Recv, Kind: EOF, Off: 12},
		{Stream: B, Dir: Out, Layer: Recv, Kind: Failed, Error: "read: connection reset by peer"},
		{Stream: B, Dir: In, Layer: Send, Kind: SendCall, Len: 1048576, N: 1},
		{Stream: B, Dir: In, Layer: Send, Kind: Shutdown},
		{Stream: B, Dir: In, Layer: Send, Kind: Closed},
		{Stream: B, Dir: In, Layer: Send, Kind: Failed, Error: "write: broken pipe"},
	}
}

func httpExamples() []Event {
	const key, accept = "dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
	get := [][2]string{{"Host", "localhost:9998"}, {"Upgrade", "websocket"}, {"Connection", "Upgrade"}, {"Sec-WebSocket-Key", key}, {"Cookie", "*****"}}
	return []Event{
		{Stream: A, Dir: In, Layer: HTTPText, Kind: Request, Len: 80, HTTP: &HTTP{Line: "GET /api/updates HTTP/1.1"}},
		{Stream: A, Dir: In, Layer: HTTPText, Kind: Request, Len: 497, HTTP: &HTTP{Line: "GET /echo HTTP/1.1", Headers: get, Key: key}},
		{Stream: A, Dir: Out, Layer: HTTPText, Kind: Response, Len: 90, HTTP: &HTTP{Line: "HTTP/1.1 200 OK", Status: 200}},
		{Stream: A, Dir: Out, Layer: HTTPText, Kind: Response, Len: 129, HTTP: &HTTP{Line: "HTTP/1.1 101 Switching Protocols", Status: 101, Key: key, Accept: accept, Derived: accept}},
		{Stream: A, Dir: Out, Layer: HTTPText, Kind: Response, Len: 129, HTTP: &HTTP{Line: "HTTP/1.1 101 Switching Protocols", Status: 101, Key: key, Accept: "wrong", Derived: accept}},
		{Stream: A, Dir: Out, Layer: HTTPText, Kind: Response, Len: 200, HTTP: &HTTP{Line: "HTTP/1.1 403 Forbidden", Status: 403, Body: "wsbridge: why\n"}},
	}
}

func frameExamples() []Event {
	var frames []Event
	key := []byte{0x37, 0xfa, 0x21, 0x3d}
	add := func(dir Dir, e Event) {
		e.Stream, e.Dir, e.Layer, e.Len = A, dir, Frame, e.Size+int64(len(e.Head))
		if dir == In {
			e.Masked, e.Key, e.Head, e.Len = true, key, append(append([]byte(nil), e.Head...), key...), e.Len+4
			e.Head[1] |= 0x80
		}
		frames = append(frames, e)
	}
	for _, dir := range []Dir{In, Out} {
		add(dir, Event{Kind: BeginFrame, Opcode: 2, Final: true, Head: []byte{0x82, 127, 0, 0, 0, 0, 0, 0x10, 0, 0}, Size: 1 << 20})
		add(dir, Event{Kind: Text, Opcode: 1, Final: true, Head: []byte{0x81, 5}, Size: 5, Data: []byte("Hello"), N: 1, Message: 1})
		add(dir, Event{Kind: Text, Opcode: 1, Head: []byte{0x01, 3}, Size: 3, Data: []byte("Hel"), N: 2, Message: 2})
		add(dir, Event{Kind: Continuation, Head: []byte{0x00, 1}, Size: 1, Data: []byte("l"), N: 3, Message: 2})
		add(dir, Event{Kind: Continuation, Final: true, Head: []byte{0x80, 1}, Size: 1, Data: []byte("o"), N: 4, Message: 2})
		add(dir, Event{Kind: Binary, Opcode: 2, Final: true, Head: []byte{0x82, 126, 0x01, 0x00}, Size: 256, Data: make([]byte, 256), N: 5, Message: 3})
		add(dir, Event{Kind: Binary, Opcode: 2, Head: []byte{0x02, 0}, N: 6, Message: 4})
		add(dir, Event{Kind: CloseFrame, Opcode: 8, Final: true, Head: []byte{0x88, 5}, Size: 5, Code: 1000, Reason: "bye", Data: []byte("\x03\xe8bye")})
		add(dir, Event{Kind: CloseFrame, Opcode: 8, Final: true, Head: []byte{0x88, 0}, Code: 1005})
		add(dir, Event{Kind: Ping, Opcode: 9, Final: true, Head: []byte{0x89, 2}, Size: 2, Data: []byte("hi")})
		add(dir, Event{Kind: Pong, Opcode: 10, Final: true, Head: []byte{0x8a, 2}, Size: 2, Data: []byte("hi")})
		add(dir, Event{Kind: Cut, Opcode: 2, Final: true, Head: []byte{0x82, 5}, Size: 5})
		for _, kind := range []Kind{Text, Binary} {
			frames = append(frames, Event{Stream: A, Dir: dir, Layer: Message, Kind: kind, Size: 1234567, Frames: 9, N: 1})
		}
	}
	return frames
}

func violationExamples() []Event {
	frame := func(violation string, e Event) Event {
		e.Stream, e.Dir, e.Layer, e.Violation = A, In, Frame, violation
		return e
	}
	return []Event{
		frame(ReservedBits, Event{Kind: Text, Opcode: 1, Final: true, Reserved: 4, Head: []byte{0xc1, 0x81, 1, 2, 3, 4}, Size: 1}),
		frame(NotMasked, Event{Kind: Text, Opcode: 1, Final: true, Head: []byte{0x81, 1}, Size: 1}),
		frame(MaskedByServer, Event{Kind: Text, Opcode: 1, Final: true, Head: []byte{0x81, 0x81, 1, 2, 3, 4}, Size: 1}),
		frame(UnknownOpcode, Event{Kind: Unknown, Opcode: 3, Final: true, Head: []byte{0x83, 0x80, 1, 2, 3, 4}}),
		frame(FragmentedControl, Event{Kind: Ping, Opcode: 9, Head: []byte{0x09, 0x80, 1, 2, 3, 4}}),
		frame(LongControl, Event{Kind: Ping, Opcode: 9, Final: true, Head: []byte{0x89, 0xfe, 0, 126, 1, 2, 3, 4}, Size: 126}),
		frame(LengthTooBig, Event{Kind: Binary, Opcode: 2, Final: true, Head: []byte{0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4}}),
		frame(StrayContinuation, Event{Kind: Continuation, Final: true, Head: []byte{0x80, 0x81, 1, 2, 3, 4}, Size: 1}),
		frame(MessageInMessage, Event{Kind: Text, Opcode: 1, Final: true, Head: []byte{0x81, 0x81, 1, 2, 3, 4}, Size: 1}),
		frame(LengthNotMinimal, Event{Kind: Text, Opcode: 1, Final: true, Head: []byte{0x81, 0xfe, 0, 1, 1, 2, 3, 4}, Size: 1}),
		frame(OneByteClose, Event{Kind: CloseFrame, Opcode: 8, Final: true, Head: []byte{0x88, 0x81, 1, 2, 3, 4}, Size: 1}),
		frame("something new", Event{Kind: Text, Opcode: 1, Final: true, Head: []byte{0x81, 0x80, 1, 2, 3, 4}}),
	}
}

func kernelExamples() []Event {
	info := &TCP{Info: tcp.Info{State: "ESTABLISHED", RTT: ptr(31), InQueue: ptr(0), OutQueue: ptr(131072), BytesReceived: ptr(521), BytesAcked: ptr(151), DataSegsIn: ptr(3)}}
	return []Event{
		{Stream: A, Layer: Kernel, Kind: Sample, TCP: info},
		{Stream: B, Layer: Kernel, Kind: Sample, TCP: info},
		{Stream: A, Layer: Kernel, Kind: Sample, TCP: info, TLS: true},
		{Stream: B, Layer: Kernel, Kind: Sample, TCP: info, TLS: true},
		{Stream: B, Layer: Kernel, Kind: TargetSample, TCP: info},
		{Stream: A, Layer: Kernel, Kind: Sample, TCP: &TCP{Info: tcp.Info{State: "CLOSE-WAIT"}}},
		{Stream: A, Layer: Kernel, Kind: Sample},
	}
}

// jsExamples has facts of JavaScript's, as far as they fit into an Event.
func jsExamples() []Event {
	var facts []Event
	for _, kind := range []Kind{"new", "open", "send", "message", "buffered", "state", "error", "close"} {
		e := Event{Layer: "js", Kind: kind}
		switch kind {
		case "send", "message":
			e.Len, e.N, e.Data = 12, 1, []byte("发送数据")
		case "close":
			e.Code, e.Reason = 1006, ""
		}
		facts = append(facts, e)
	}
	return facts
}
