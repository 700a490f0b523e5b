package explain

import "strings"

// field is the value of the JSON field name, as fieldText knows them: int64, string, []byte, or nil when it is not there.
// A number of the event itself that is not there is 0.
func (e *Event) field(name string) any {
	switch name {
	case "layer":
		return string(e.Layer)
	case "kind":
		return string(e.Kind)
	case "n":
		return e.N
	case "off":
		return e.Off
	case "len":
		return e.Len
	case "size":
		return e.Size
	case "frames":
		return e.Frames
	case "message":
		return e.Message
	case "version":
		return int64(e.Version)
	case "code":
		return int64(e.Code)
	case "status":
		return int64(e.Status)
	case "opcode":
		return int64(e.Opcode)
	case "reserved":
		return int64(e.Reserved)
	case "head":
		return e.Head
	case "key":
		return e.Key
	case "local":
		return e.Local
	case "remote":
		return e.Remote
	case "error":
		return e.Error
	case "reason":
		return e.Reason
	case "path":
		return e.Path
	case "target":
		return e.Target
	case "why":
		return e.Why
	}
	group, name, _ := strings.Cut(name, ".")
	switch {
	case group == "http" && e.HTTP != nil:
		return e.HTTP.field(name)
	case group == "tcp" && e.TCP != nil:
		return e.TCP.field(name)
	case group == "totals" && e.Totals != nil:
		return e.Totals.field(name)
	}
	return nil
}

func (h *HTTP) field(name string) any {
	switch name {
	case "line":
		return h.Line
	case "key":
		return h.Key
	case "accept":
		return h.Accept
	case "derived":
		return h.Derived
	}
	return nil
}

func (t *TCP) field(name string) any {
	var n *uint64
	switch name {
	case "state":
		return t.State
	case "rtt":
		n = t.RTT
	case "inq":
		n = t.InQueue
	case "outq":
		n = t.OutQueue
	case "bytes_received":
		n = t.BytesReceived
	case "bytes_acked":
		n = t.BytesAcked
	case "data_segs_in":
		n = t.DataSegsIn
	case "data_segs_out":
		n = t.DataSegsOut
	}
	if n == nil {
		return nil
	}
	return int64(*n)
}

func (t *Totals) field(name string) any {
	switch name {
	case "a.in.bytes":
		return t.A.In.Bytes
	case "a.out.bytes":
		return t.A.Out.Bytes
	case "b.in.bytes":
		return t.B.In.Bytes
	case "b.out.bytes":
		return t.B.Out.Bytes
	}
	return nil
}
