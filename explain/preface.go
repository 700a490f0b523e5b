package explain

import (
	"time"

	"wsbridge/tcp"
)

// tellProxied tells of the PROXY header that connection A began with.
func (s *Session) tellProxied(h *tcp.ProxyHeader) {
	e := preface(A, In, h.Bytes, h.Version)
	if h.Source != nil {
		e.Remote, e.Local = h.Source.String(), h.Destination.String()
	}
	s.recordAt(h.Read, e)
}

// ToldTarget tells of the PROXY header of the version that was written to the target before everything else, as
// tcp.Dialer.Preface. It is for the bridge to call right behind TapTarget.
func (s *Session) ToldTarget(header []byte, version int) {
	if s != nil && len(header) > 0 {
		s.recordAt(time.Now(), preface(B, Out, header, version))
	}
}

func preface(stream Stream, dir Dir, header []byte, version int) Event {
	return Event{Stream: stream, Dir: dir, Layer: Socket, Kind: Preface, Len: int64(len(header)), Data: header, Version: version}
}
