//go:build linux

package main

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
)

// What the page tells of bytes is true.
var bytesClaims = []pageClaim{
	{"conservation: every row of the ruler is the same byte string", rulerConserves},
}

// rulerRows are the rows of the ruler, where a practice server is the target.
var rulerRows = map[string][]string{
	"up":   {"send", "message", "frame", "segment", "read", "write", "recv"},
	"down": {"tsend", "segment", "read", "frame", "message", "onmessage"},
}

// rulerRow is a row of the cut ruler, as probe.js has it.
type rulerRow struct {
	ID     string
	Known  bool
	Note   string
	SHA256 string
	Pieces []struct {
		Place, Length int
		Bytes         []byte
	}
	End int // of the last byte, when there is no gap
}

func rulerConserves(v *pageVisit) {
	p := v.openPage(v.startBridge(), "?lang=en", desktop)
	all := p.say([]byte("发送数据"), nil) // the page's own first message
	for _, say := range []struct{ text, as, end, sent string }{
		{"plain text", "text", "CRLF", "plain text\r\n"},
		{"中文😀", "text", "LF", "中文😀\n"},
		{"as bytes 中", "binary", "none", "as bytes 中"},
		{"00 ff 7f 80 0d 0a", "hex", "none", "\x00\xff\x7f\x80\r\n"},
		{"", "text", "none", ""},
		{"end", "text", "CR", "end\r"},
	} {
		p.do(fmt.Sprintf("probe.say(%q, %q, %q)", say.text, say.as, say.end))
		all = p.say(all, []byte(say.sent))
	}
	for range 4 {
		all = p.sayBytes(all, 3900) // which the page keeps whole
	}
	p.wantConserved(all)
	p.wantPlaces(p.sayBytes(all, 64<<10)) // of which it keeps the first bytes of each piece
}

// wantConserved compares the bytes of each row, as its own layer told them, with what was sent and came back.
func (p *shownPage) wantConserved(all []byte) {
	p.v.Helper()
	sum := sha256.Sum256(all)
	want := hex.EncodeToString(sum[:])
	for flow, ids := range rulerRows {
		rows := p.rows(flow, ids, len(all))
		for _, r := range rows {
			if r.SHA256 != want {
				p.v.Errorf("%s, row %s of %d pieces: SHA-256 %q, want %s", flow, r.ID, len(r.Pieces), r.SHA256, want)
			}
			p.v.Logf("%s: %9s has %d bytes in %3d pieces, SHA-256 %.8s", flow, r.ID, r.End, len(r.Pieces), r.SHA256)
		}
	}
}

// wantPlaces does so for what was kept of each piece. Still each byte has a place in each row.
func (p *shownPage) wantPlaces(all []byte) {
	p.v.Helper()
	for flow, ids := range rulerRows {
		rows := p.rows(flow, ids, len(all))
		for _, r := range rows {
			kept := 0
			for _, piece := range r.Pieces {
				if want := all[piece.Place : piece.Place+piece.Length]; !bytes.HasPrefix(want, piece.Bytes) {
					p.v.Errorf("%s, row %s: the piece at %d has other bytes than were sent", flow, r.ID, piece.Place)
				}
				kept += len(piece.Bytes)
			}
			if kept < 16<<10 {
				p.v.Errorf("%s, row %s: only %d bytes are known", flow, r.ID, kept)
			}
			p.v.Logf("%s: %9s has %d bytes in %2d pieces, %d of them compared", flow, r.ID, r.End, len(r.Pieces), kept)
		}
	}
}

// say waits until what was said is back too, and adds it to all.
func (p *shownPage) say(all, said []byte) []byte {
	p.v.Helper()
	all = append(all, said...)
	p.await("every byte back", fmt.Sprintf("wsbridge.live().got.pos === %d", len(all)))
	return all
}

// sayBytes sends n bytes through the page's console.
func (p *shownPage) sayBytes(all []byte, n int) []byte {
	p.v.Helper()
	random := make([]byte, n)
	rand.Read(random)
	p.do(fmt.Sprintf("probe.say(%q, 'hex')", hex.EncodeToString(random)))
	return p.say(all, random)
}

// rows waits until every row of the ruler has n bytes.
func (p *shownPage) rows(flow string, ids []string, n int) []rulerRow {
	p.v.Helper()
	p.await("all rows "+flow, fmt.Sprintf("probe.ruler(%q).then((rows) => rows.every((r) => r.end === %d))", flow, n))
	rows := valueOf[[]rulerRow](p, fmt.Sprintf("probe.ruler(%q)", flow))
	var got []string
	for _, r := range rows {
		got = append(got, r.ID)
	}
	if !slices.Equal(got, ids) {
		p.v.Errorf("%s: rows %q, want %q", flow, got, ids)
	}
	return rows
}
