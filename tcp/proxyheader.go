package tcp

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"time"

	"github.com/pires/go-proxyproto"
)

// ProxyHeader is what a proxy says at the beginning of a connection about the one that it was asked to pass on.
type ProxyHeader struct {
	Version     int      // 1: a line of text, 2: binary
	Source      net.Addr // of the client; nil: the proxy does not say, or the connection is its own
	Destination net.Addr // that the client connected to; nil likewise
	Bytes       []byte   // as they came
	Read        time.Time
}

const (
	shortestProxyHeader = len("PROXY UNKNOWN\r\n") // version 2 has one byte more
	longestProxyLine    = 107                      // version 1
	proxyPrefix         = 16                       // version 2: what comes before the addresses
)

var (
	errNoProxyHeader      = errors.New("the connection does not begin with one")
	errProxyHeaderTooLong = errors.New("too long")
	errNotAStream         = errors.New("it is not about a TCP connection")
)

// readProxyHeader reads a header and not a byte of what follows it, however the bytes come in.
func readProxyHeader(r io.Reader) (*ProxyHeader, error) {
	data, err := readProxyBytes(r)
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	header, err := proxyproto.Read(bufio.NewReader(bytes.NewReader(data)))
	switch {
	case err != nil:
		return nil, err
	case header.Command.IsProxy() && !header.TransportProtocol.IsStream():
		return nil, errNotAStream
	}
	h := &ProxyHeader{Version: int(header.Version), Bytes: data}
	source, ok := header.SourceAddr.(*net.TCPAddr) // of a local socket there is no address to go by
	destination, too := header.DestinationAddr.(*net.TCPAddr)
	if ok && too && header.Command.IsProxy() {
		h.Source, h.Destination = source, destination
	}
	return h, nil
}

// readProxyBytes finds where a header ends: version 1 with a line feed, version 2 as its length says.
func readProxyBytes(r io.Reader) ([]byte, error) {
	data := make([]byte, shortestProxyHeader, longestProxyLine)
	for n := 0; n < len(data); {
		more, err := r.Read(data[n:])
		n += more
		switch {
		case !startsLike(data[:n], proxyproto.SIGV1) && !startsLike(data[:n], proxyproto.SIGV2):
			return nil, errNoProxyHeader
		case err != nil && n < len(data):
			return nil, err
		}
	}
	if startsLike(data, proxyproto.SIGV2) {
		return readProxyV2(r, data)
	}
	for bytes.IndexByte(data, '\n') < 0 {
		if len(data) == longestProxyLine {
			return nil, errProxyHeaderTooLong
		}
		data = data[:len(data)+1]
		if _, err := io.ReadFull(r, data[len(data)-1:]); err != nil {
			return nil, err
		}
	}
	return data, nil
}

func readProxyV2(r io.Reader, data []byte) ([]byte, error) {
	data = data[:proxyPrefix]
	if _, err := io.ReadFull(r, data[shortestProxyHeader:]); err != nil {
		return nil, err
	}
	length := binary.BigEndian.Uint16(data[proxyPrefix-2:])
	if length > proxyproto.MaxV2HeaderSize {
		return nil, errProxyHeaderTooLong
	}
	data = append(data, make([]byte, length)...)
	if _, err := io.ReadFull(r, data[proxyPrefix:]); err != nil {
		return nil, err
	}
	return data, nil
}

// startsLike reports whether data is the beginning of something that starts with signature.
func startsLike(data, signature []byte) bool {
	n := min(len(data), len(signature))
	return bytes.Equal(data[:n], signature[:n])
}

// ProxyPreface is the header of the version (1 or 2) that tells a target of a connection from source to destination,
// for Dialer.Preface. When they are no two TCP addresses it says that nothing is known (UNKNOWN, or LOCAL).
func ProxyPreface(version int, source, destination net.Addr) []byte {
	header, err := proxyproto.HeaderProxyFromAddrs(byte(version), source, destination).Format()
	if err != nil { // a port or an address that is none
		header, _ = proxyproto.HeaderProxyFromAddrs(byte(version), nil, nil).Format()
	}
	return header
}
