package explain

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// preview is what bytes say, quoted and in at most most columns, or in hex when they say nothing. left is how many
// bytes behind them are not shown.
func preview(data string, left int64, most int) string {
	most = max(most, 8)
	if !readable(data[:min(len(data), printedHead)]) {
		n := min((most-1)/3, len(data))
		return Hex([]byte(data[:n])) + ellipsis(n < len(data) || left > 0)
	}
	var pieces []string
	rest, used := data, len(`""`)
	for rest != "" && used <= most {
		r, size := utf8.DecodeRuneInString(rest)
		pieces = append(pieces, quoted(rest[:size], r))
		used += columns(pieces[len(pieces)-1])
		rest = rest[size:]
	}
	for (rest != "" || left > 0) && used+1 > most || used > most {
		last := pieces[len(pieces)-1]
		pieces, used, rest = pieces[:len(pieces)-1], used-columns(last), last
	}
	return `"` + strings.Join(pieces, "") + `"` + ellipsis(rest != "" || left > 0)
}

func ellipsis(more bool) string {
	if more {
		return "…"
	}
	return ""
}

// readable reports whether most of data are characters that people read.
func readable(data string) bool {
	strange := 0
	for i, r := range data {
		cut := i > len(data)-utf8.UTFMax // a character may be cut at the end
		if (r == utf8.RuneError && !cut || !unicode.IsPrint(r)) && !unicode.IsSpace(r) {
			strange++
		}
	}
	return strange*4 <= len(data)
}

// quoted is one character as it stands between quotation marks.
func quoted(character string, r rune) string {
	if r == '"' || r == '\\' {
		return `\` + character
	}
	return clean(character)
}

// byteLabels name the parts of what bytes prints.
var byteLabels = map[Lang]map[string]string{
	English: {
		"first": "FIN bit %d, RSV %d, opcode %d", "second": "MASK bit %d, length field %d", "longer": "length: %s",
		"key": "masking key", "payload": "payload: on the wire, then without the mask", "plain": "payload",
		"more": "… %s more bytes", "hidden": "%s bytes of payload, not shown",
	},
	Chinese: {
		"first": "FIN 位 %d，RSV %d，opcode %d", "second": "MASK 位 %d，长度字段 %d", "longer": "长度：%s",
		"key": "掩码密钥", "payload": "payload（载荷）：线路上的，然后是去掉 mask（掩码）的", "plain": "payload（载荷）",
		"more": "…… 另有 %s 字节", "hidden": "%s 字节 payload（载荷），不显示",
	},
}

const (
	hexIndent     = 3  // columns in front of the lines of bytes
	offsetColumns = 8  // columns of an offset
	hexLabel      = 26 // columns for the bytes that have a label behind them
)

// bytes is the lines below a row that show its bytes.
func (s *story) bytes(l layout, f *fact) string {
	d := &dump{l: l, words: byteLabels[s.lang()]}
	switch f.Layer {
	case HTTPText:
		d.http(f.HTTP)
	case Frame:
		d.header(f)
		d.payload(f)
	case Read, Write, Recv, Send:
		d.plain(f.Data, f.Off, f.Omitted, s.options.Payload == NoPayload)
	}
	return d.String()
}

// dump collects lines of bytes.
type dump struct {
	strings.Builder
	l     layout
	words map[string]string
}

func (d *dump) line(format string, args ...any) {
	fmt.Fprintf(d, "%*s%s\n", hexIndent, "", strings.TrimRight(fmt.Sprintf(format, args...), " "))
}

func (d *dump) labelled(bytes []byte, label string, args ...any) {
	d.beside("", pad(Hex(bytes), hexLabel)+fmt.Sprintf(d.words[label], args...))
}

// beside puts text where the bytes are that have an offset in front of them.
func (d *dump) beside(before, text string) { d.line("%*s  %s", offsetColumns, before, text) }

func (d *dump) http(h *HTTP) {
	if h == nil {
		return
	}
	texts := []string{h.Line}
	for _, header := range h.Headers {
		texts = append(texts, header[0]+": "+header[1])
	}
	if h.Body != "" {
		texts = append(texts, "", strings.TrimRight(h.Body, "\n"))
	}
	for _, text := range texts {
		for _, line := range wrap(clean(text), d.l.width-hexIndent) {
			d.line("%s", line)
		}
	}
}

// header byteLabels the bytes of a frame's header (RFC 6455 section 5.2).
func (d *dump) header(f *fact) {
	head := headWithoutKey(f)
	if len(head) < 2 {
		return
	}
	d.labelled(head[:1], "first", head[0]>>7, head[0]>>4&7, head[0]&15)
	d.labelled(head[1:2], "second", head[1]>>7, head[1]&127)
	if len(head) > 2 {
		d.labelled(head[2:], "longer", Digits(f.Size))
	}
	if len(f.Head) > len(head) {
		d.labelled(f.Head[len(head):], "key")
	}
}

func (d *dump) payload(f *fact) {
	switch {
	case len(f.Data) == 0 && f.Omitted > 0:
		d.beside("", fmt.Sprintf(d.words["hidden"], Digits(f.Omitted)))
	case len(f.Data) > 0 && len(f.Key) == 4:
		d.masked(f)
	case len(f.Data) > 0:
		d.beside("", d.words["plain"])
		d.plain(f.Data, 0, f.Omitted, false)
	}
}

// masked shows payload as it was on the wire, which is payload XOR key, beside what it says.
func (d *dump) masked(f *fact) {
	d.beside("", d.words["payload"])
	const perByte = 7 // columns: twice hex, once the character
	per := 8 * max((d.l.width-hexIndent-offsetColumns-7)/(8*perByte), 1)
	for at := 0; at < len(f.Data); at += per {
		part := f.Data[at:min(at+per, len(f.Data))]
		wire := make([]byte, len(part))
		for i := range part {
			wire[i] = part[i] ^ f.Key[(at+i)%4]
		}
		d.beside(fmt.Sprint(at), fmt.Sprintf("%s → %s  %s", pad(Hex(wire), per*3-1), pad(Hex(part), per*3-1), ascii(part)))
	}
	d.more(f.Omitted)
}

// plain shows bytes with their offsets.
func (d *dump) plain(data []byte, off, omitted int64, hidden bool) {
	if hidden {
		return
	}
	per := d.perLine()
	for at := 0; at < len(data); at += per {
		part := data[at:min(at+per, len(data))]
		d.beside(fmt.Sprint(off+int64(at)), pad(Hex(part), per*3-1)+"  "+ascii(part))
	}
	d.more(omitted)
}

func (d *dump) more(omitted int64) {
	if omitted > 0 {
		d.beside("", fmt.Sprintf(d.words["more"], Digits(omitted)))
	}
}

// perLine is how many bytes fit into a line with offset, hex and characters.
func (d *dump) perLine() int {
	const perByte = 4 // columns
	return min(8*max((d.l.width-hexIndent-offsetColumns-4)/(8*perByte), 1), 16)
}

// ascii is bytes as characters, and a dot for each that is none.
func ascii(data []byte) string {
	text := make([]byte, len(data))
	for i, c := range data {
		text[i] = '.'
		if c >= ' ' && c <= '~' {
			text[i] = c
		}
	}
	return string(text)
}
