package explain

import (
	"strconv"
	"strings"
)

// Key is the key of the words for e: its layer, its kind, and whatever else makes a difference to what must be said,
// as in "read.a", "frame.text.in", "pair.cause.target-connection-lost".
func Key(e *Event) string {
	stream, dir := "."+strings.ToLower(string(e.Stream)), "."+string(e.Dir)
	kind := string(e.Layer) + "." + string(e.Kind)
	if e.Kind == Short {
		return "write.short"
	}
	switch e.Layer {
	case Socket:
		return socketKey(e, kind, stream)
	case Read, Write:
		return callKey(e, stream)
	case HTTPText:
		return httpKey(e, kind)
	case Frame:
		return frameKey(e, kind, dir)
	case Message:
		return kind + dir
	case Kernel:
		return kernelKey(e, kind, stream)
	case Pair:
		return pairKey(e, kind)
	}
	return kind
}

func socketKey(e *Event, kind, stream string) string {
	switch {
	case e.Kind == ConnectFailed:
		return kind
	case e.Kind == Preface && e.Stream == A && e.Remote == "":
		return kind + stream + ".nobody"
	case e.Kind == Failed && e.TLS && e.Stream == A && strings.Contains(e.Error, "reset by peer"):
		return kind + stream + ".tls"
	case e.TLS && (e.Kind == Accept || e.Kind == Connect || e.Kind == Shutdown || e.Kind == EOF):
		return kind + stream + ".tls"
	}
	return kind + stream
}

func callKey(e *Event, stream string) string {
	if e.By == "http" {
		return string(e.Layer) + ".http"
	}
	if e.TLS {
		stream += ".tls"
	}
	return string(e.Layer) + stream
}

func httpKey(e *Event, kind string) string {
	switch h := e.HTTP; {
	case h == nil:
	case e.Kind == Request && h.Key != "":
		return kind + ".upgrade"
	case e.Kind == Response && h.Status == 101 && h.Accept == h.Derived:
		return kind + ".101"
	case e.Kind == Response && h.Status == 101:
		return kind + ".wrong"
	case e.Kind == Response && h.Status >= 400:
		return kind + ".refused"
	}
	return kind
}

// violationKeys shorten what is illegal about a frame.
var violationKeys = map[string]string{
	ReservedBits:      "reserved-bits",
	NotMasked:         "not-masked",
	MaskedByServer:    "masked-by-server",
	UnknownOpcode:     "unknown-opcode",
	FragmentedControl: "fragmented-control",
	LongControl:       "long-control",
	LengthTooBig:      "length-too-big",
	StrayContinuation: "stray-continuation",
	MessageInMessage:  "message-in-message",
	LengthNotMinimal:  "length-not-minimal",
	OneByteClose:      "one-byte-close",
}

func frameKey(e *Event, kind, dir string) string {
	switch {
	case violationKeys[e.Violation] != "":
		return "frame.violation." + violationKeys[e.Violation]
	case e.Violation != "" || e.Kind == Unknown:
		return "frame.violation"
	case e.Kind == CloseFrame && e.Code == 1005:
		return kind + dir + ".none"
	case (e.Kind == Text || e.Kind == Binary || e.Kind == Continuation) && !e.Final:
		return kind + dir + ".more"
	}
	return kind + dir
}

func kernelKey(e *Event, kind, stream string) string {
	switch {
	case e.TCP == nil || *e.TCP == TCP{}:
		return "kernel.none"
	case e.Kind == TargetSample:
		return kind
	case e.TLS:
		return kind + stream + ".tls"
	}
	return kind + stream
}

// dialKeys shorten why a target could not be dialled (see tcp.Reason).
var dialKeys = map[string]string{
	"target refused the connection":     "refused",
	"target not found":                  "not-found",
	"target timed out":                  "timed-out",
	"target unreachable":                "unreachable",
	"target failed the TLS handshake":   "tls",
	"bridge is out of file descriptors": "descriptors",
	"target cannot be reached":          "other",
}

func pairKey(e *Event, kind string) string {
	dial := dialKeys[e.Why]
	switch {
	case e.Kind == Refused:
		return orKnown(kind+"."+strconv.Itoa(e.Status), kind)
	case e.Kind == DialFailed && (e.Code == 0 || dial == ""):
		return "pair.dial-failed.http"
	case e.Kind == DialFailed || e.Kind == Cause && dial != "":
		return "pair.dial-failed." + dial
	case e.Kind == Cause && e.Why == "client closed" && e.Code == 1005:
		return "pair.cause.client-closed.none"
	case e.Kind == Cause && e.Why == "target connection lost" && strings.Contains(e.Error, "reset by peer"):
		return "pair.cause.target-connection-lost.reset"
	case e.Kind == Cause:
		return orKnown(kind+"."+strings.ReplaceAll(e.Why, " ", "-"), orKnown(kind+"."+strconv.Itoa(e.Code), kind))
	}
	return kind
}

// orKnown is key if there are words for it, or else another.
func orKnown(key, other string) string {
	if _, ok := wordTables[English][key]; ok {
		return key
	}
	return other
}
