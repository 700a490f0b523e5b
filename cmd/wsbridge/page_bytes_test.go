//go:build linux

package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"testing"
)

// TestPageBytes shows that what the page tells of bytes is true.
func TestPageBytes(t *testing.T) {
	checkPage(t, []pageClaim{
		{"conservation: every row of the ruler is the same byte string", rulerConserves},
	})
}

// rulerRow is a row of the cut ruler, as probe.js has it.
type rulerRow struct {
	ID      string
	Known   bool
	Note    string
	Pieces  int
	Bytes   int
	SHA256  string
	Gapless bool
	Places  []int
}

func (r rulerRow) String() string {
	return fmt.Sprintf("%s: %d pieces, %d bytes", r.ID, r.Pieces, r.Bytes)
}

func rulerConserves(v *pageVisit) {
	big := make([]byte, 64<<10)
	rand.Read(big)
	p := v.openPage(v.startBridge(), "?lang=en", desktop)
	all := []byte("发送数据") // the page's own first message
	p.await("its echo", "wsbridge.live().got.pos === 12")
	for _, say := range []struct{ text, as, end, sent string }{
		{"plain text", "text", "CRLF", "plain text\r\n"},
		{"中文😀", "text", "LF", "中文😀\n"},
		{"as bytes 中", "binary", "none", "as bytes 中"},
		{"00 ff 7f 80 0d 0a", "hex", "none", "\x00\xff\x7f\x80\r\n"},
		{hex.EncodeToString(big), "hex", "none", string(big)},
		{"", "text", "none", ""},
		{"end", "text", "none", "end"},
	} {
		p.do(fmt.Sprintf("probe.say(%q, %q, %q)", say.text, say.as, say.end))
		all = append(all, say.sent...)
	}
	p.await("every byte back", fmt.Sprintf("wsbridge.live().got.pos === %d", len(all)))
	sum := sha256.Sum256(all)
	want := hex.EncodeToString(sum[:])
	for flow, ids := range map[string][]string{
		"up":   {"send", "message", "frame", "segment", "read", "write", "recv"},
		"down": {"tsend", "segment", "read", "frame", "message", "onmessage"},
	} {
		p.await("all rows "+flow, fmt.Sprintf("probe.ruler(%q).then((rows) => rows.every((r) => r.bytes === %d))", flow, len(all)))
		rows := valueOf[[]rulerRow](p, fmt.Sprintf("probe.ruler(%q)", flow))
		var got []string
		for _, r := range rows {
			got = append(got, r.ID)
			if r.SHA256 != want || !r.Gapless || r.Pieces == 0 {
				v.Errorf("%s, row %v: SHA-256 %s, gapless %v; want %d bytes of %s", flow, r, r.SHA256, r.Gapless, len(all), want)
			}
		}
		if !slices.Equal(got, ids) {
			v.Errorf("%s: rows %q, want %q", flow, got, ids)
		}
		v.Logf("%s: %v, all %s", flow, rows, want[:16])
	}
}
