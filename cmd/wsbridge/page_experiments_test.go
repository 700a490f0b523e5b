//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Each experiment ends with a verdict and with evidence in which what it is about holds, whatever the figures are.
var experimentClaims = []pageClaim{{"experiments", allExperiments}}

var experimentParts = []struct {
	id, claim string
	check     func(*shownPage)
}{
	{"three-sends", "WebSocket gives 3 messages for 3 sends in 60 of 60 runs, TCP the same bytes", threeSends},
	{"one-mib", "every layer has all of it, and it comes back the same", oneMiB},
	{"close-vs-fin", "1000 bye, clean, and FIN as late as it was held back", closeVersusFIN},
	{"kill-target", "four deaths, each told by its own Close frame", killTarget},
	{"slow-target", "all 16 MiB are somewhere", slowTarget},
	{"poll-sse-ws", "each way brings 100 updates, and WebSocket costs least", pollSSEWebSocket},
	{"handshake", "the page derives the Accept that was sent", handshakeProof},
	{"mask", "one text, three wire images; no mask, 1002", maskImages},
	{"ping", "a pong for it, and no event for JavaScript", pingUntold},
	{"utf8", "4 units, 12 bytes, 18 on the wire; not UTF-8, 1007", utf8Sizes},
	{"idle", "with pings it lives longer", idleLives},
}

// allExperiments performs them one after the other, as a page does.
func allExperiments(v *pageVisit) {
	p := v.openPage(v.startBridge("--dial-timeout", "1s", "--shutdown-timeout", "1s"), "?lang=en", desktop)
	var want []string
	for _, part := range experimentParts {
		want = append(want, part.id)
		v.part(part.id+": "+part.claim, func(v *pageVisit) { part.check(p.in(v)) })
	}
	if got := valueOf[[]string](p, "wsbridge.experiments.ids"); !slices.Equal(got, want) {
		v.Errorf("experiments %q, want %q", got, want)
	}
	p.wantLooks()
}

// evidence is what an experiment leaves behind.
type evidence struct {
	Experiment, Version, Started, Verdict string
	OK                                    bool
	Took                                  int `json:"took_ms"`
	Facts                                 json.RawMessage
}

// perform runs an experiment, which must end well and show its verdict and its evidence. Options are a JavaScript
// object.
func (p *shownPage) perform(id, options string, facts any) {
	v := p.v
	v.Helper()
	got := valueOf[evidence](p, fmt.Sprintf("wsbridge.experiments.run(%q, %s).then(({events, ...rest}) => rest)", id, options))
	v.Logf("%s: verdict %s, %d ms", id, got.Verdict, got.Took)
	if !got.OK || got.Experiment != id || got.Verdict == "" || got.Version == "" || got.Started == "" || got.Took <= 0 || got.Took > 20_500 {
		v.Errorf("evidence %+v", got)
		return
	}
	if err := json.Unmarshal(got.Facts, facts); err != nil {
		v.Fatalf("facts %s: %v", got.Facts, err)
	}
	shown := valueOf[[]string](p, fmt.Sprintf(`[...document.querySelectorAll("#x-%s .x-verdict p, #x-%[1]s .x-json summary")].map((el) => el.textContent)`, id))
	if len(shown) < 3 || slices.Contains(shown, "") {
		v.Errorf("the card shows %q, want its verdict, this run's browser and the evidence", shown)
		return
	}
	v.Logf("%s: %s", id, shown[0])
	p.picture(id)
}

// echoes is what three-sends counted of one echo.
type echoes struct {
	Messages      map[string]int // how many rounds by number of messages
	Sizes         map[string]int
	Reads, Lines  map[string]int
	Intact, Total int
}

func threeSends(p *shownPage) {
	var got, lines, pauses struct{ TCP, WS echoes }
	p.perform("three-sends", "{variant: 'quick', times: '60'}", &got)
	if want := (map[string]int{"3": 60}); !maps.Equal(got.WS.Messages, want) || got.WS.Intact != 60 {
		p.v.Errorf("WebSocket echo: %v rounds by messages, %d intact, want %v and 60", got.WS.Messages, got.WS.Intact, want)
	}
	if got.TCP.Intact != 60 {
		p.v.Errorf("TCP echo: %d rounds intact, want 60", got.TCP.Intact)
	}
	p.v.Logf("TCP echo: rounds by messages %v, by their sizes %v; read() of the bridge %v", got.TCP.Messages, got.TCP.Sizes, got.TCP.Reads)

	p.perform("three-sends", "{variant: 'line', times: '20'}", &lines)
	if want := (map[string]int{"3": 20}); !maps.Equal(lines.TCP.Lines, want) {
		p.v.Errorf("line protocol: rounds by lines %v, want %v", lines.TCP.Lines, want)
	}
	p.v.Logf("line protocol: rounds by messages %v, by lines %v", lines.TCP.Messages, lines.TCP.Lines)

	p.perform("three-sends", "{variant: 'pause', times: '5'}", &pauses)
	if pauses.TCP.Intact != 5 || pauses.WS.Messages["3"] != 5 {
		p.v.Errorf("with pauses: %+v", pauses)
	}
	p.v.Logf("with pauses: rounds by messages %v", pauses.TCP.Messages)
}

// layerCuts is how a layer cut 1 MiB. Sizes are [size, how many in a row].
type layerCuts struct {
	N, Known int
	Sizes    [][2]int
}

func (l layerCuts) sum() (n int) {
	for _, group := range l.Sizes {
		n += group[0] * group[1]
	}
	return n
}

func oneMiB(p *shownPage) {
	var got struct {
		Size, Back                             int
		Equal                                  bool
		Frames, Reads, Writes, Recvs, Messages layerCuts
		Segments                               *int
	}
	p.perform("one-mib", "{}", &got)
	if got.Size != megabyte || got.Back != megabyte || !got.Equal {
		p.v.Errorf("%d sent, %d back, equal %v; want 1 MiB, the same", got.Size, got.Back, got.Equal)
	}
	if got.Segments == nil || *got.Segments < 1 {
		p.v.Errorf("segments %v, want at least 1", got.Segments)
	}
	for name, layer := range map[string]layerCuts{"frames": got.Frames, "write()": got.Writes, "recv()": got.Recvs, "messages back": got.Messages} {
		whole := layer.Known == layer.N // what a flood pushed out is counted and its sizes are not known
		if layer.N < 1 || layer.Known > layer.N || whole && layer.sum() != megabyte || !whole && layer.sum() >= megabyte {
			p.v.Errorf("%s: %+v, which is %d bytes, want 1 MiB", name, layer, layer.sum())
		}
		p.v.Logf("%s: %d", name, layer.N)
	}
	if r := got.Reads; r.Known == r.N && r.sum() < megabyte+14*got.Frames.N-14 {
		p.v.Errorf("read(): %d bytes, want 1 MiB and the headers of %d frames", r.sum(), got.Frames.N)
	}
	p.v.Logf("read(): %d, segments: %d", got.Reads.N, *got.Segments)
}

func closeVersusFIN(p *shownPage) {
	type hold struct {
		Hold      int `json:"hold_ms"`
		Code      int //
		Reason    string
		Clean     bool
		States    [][2]int
		OnClose   int    `json:"onclose_us"`
		CloseIn   int    `json:"close_in_us"`
		CloseOut  int    `json:"close_out_us"`
		FIN       int    `json:"fin_us"`
		PlusMinus int    `json:"plusminus_us"`
		FirstFIN  string `json:"first_fin"`
	}
	var got struct{ Holds []hold }
	p.perform("close-vs-fin", "{}", &got)
	var held []int
	for _, h := range got.Holds {
		held = append(held, h.Hold)
		if h.Code != 1000 || h.Reason != "bye" || !h.Clean {
			p.v.Errorf("held back %d ms: onclose(%d, %q, %v), want 1000 bye, clean", h.Hold, h.Code, h.Reason, h.Clean)
		}
		if !(h.CloseIn <= h.CloseOut && h.CloseOut <= h.FIN) || h.FIN-h.CloseOut < h.Hold*1000 {
			p.v.Errorf("Close frame in at %d, out at %d, FIN at %d µs, want FIN at least %d ms after it", h.CloseIn, h.CloseOut, h.FIN, h.Hold)
		}
		if h.OnClose+h.PlusMinus < h.CloseOut {
			p.v.Errorf("onclose at %d µs, before the bridge's Close frame at %d ± %d", h.OnClose, h.CloseOut, h.PlusMinus)
		}
		if n := len(h.States); n < 2 || h.States[0][0] != 1 || h.States[1][0] != 2 || h.States[n-1][0] != 3 {
			p.v.Errorf("readyState %v, want 1, 2, 3", h.States)
		}
		p.v.Logf("held back %d ms: Close frame out %d, FIN %d, onclose %d µs after close() (± %d); first FIN: %s", h.Hold, h.CloseOut, h.FIN, h.OnClose, h.PlusMinus, h.FirstFIN)
	}
	if !slices.Equal(held, []int{0, 50, 500}) {
		p.v.Errorf("FIN was held back %v ms, want 0, 50, 500", held)
	}
}

func killTarget(p *shownPage) {
	type row struct {
		Opened, Clean bool
		Code, Frame   int
		Reason        string
		Fate          struct{ Kind, Why string }
	}
	var got struct{ Rows map[string]row }
	p.perform("kill-target", "{}", &got)
	death := func(code int, reason, kind string) row {
		return row{true, true, code, code, reason, struct{ Kind, Why string }{kind, reason}}
	}
	want := map[string]row{
		"fin":     death(1000, "target closed", "cause"),
		"rst":     death(1014, "target connection lost", "cause"),
		"refused": death(1014, "target refused the connection", "dial-failed"),
		"timeout": death(1014, "target timed out", "dial-failed"),
	}
	if !maps.Equal(got.Rows, want) {
		p.v.Errorf("the matrix is\n%+v\nwant\n%+v", got.Rows, want)
	}
}

func slowTarget(p *shownPage) {
	var got struct {
		Sent   int
		Points [][2]int
		Where  map[string]int
		Close  struct {
			Buffered, Then int
			Over           bool
			States         [][2]int
			Frame          bool `json:"close_frame_seen"`
		} `json:"closing"`
	}
	p.perform("slow-target", "{}", &got)
	sum := 0
	for _, place := range []string{"js", "rest", "inq_a", "user", "outq_b", "inq_target", "read"} {
		n, measured := got.Where[place]
		if !measured || n < 0 {
			p.v.Errorf("%s: %d bytes, measured %v", place, n, measured)
		}
		sum += n
	}
	if got.Sent != 16<<20 || sum != got.Sent {
		p.v.Errorf("%d bytes are somewhere, %d were sent, want 16 MiB", sum, got.Sent)
	}
	if got.Close.Buffered == 0 || got.Close.Over != got.Close.Frame || got.Close.States[0][0] != 2 {
		p.v.Errorf("close(): %+v, want it to wait in line (readyState 2) behind what is buffered", got.Close)
	}
	p.v.Logf("where the bytes were: %v; buffered at close() %d", got.Where, got.Close.Buffered)
}

func pollSSEWebSocket(p *shownPage) {
	type way struct {
		Updates, Requests, Up, Down int
		P50                         *int `json:"p50_us"`
		P95                         *int `json:"p95_us"`
	}
	var got struct {
		Payload int
		Ways    map[string]way
	}
	p.perform("poll-sse-ws", "{}", &got)
	total := func(name string) int { return got.Ways[name].Up + got.Ways[name].Down }
	for name, w := range got.Ways {
		if w.Updates != 100 || w.Down <= got.Payload || w.Up <= 0 || (w.Requests > 1) != (name == "poll") || w.P50 == nil || w.P95 == nil || *w.P50 > *w.P95 {
			p.v.Errorf("%s: %+v for %d bytes of updates", name, w, got.Payload)
			continue
		}
		p.v.Logf("%s: %d bytes up, %d down, %d requests, p50 %d µs, p95 %d µs", name, w.Up, w.Down, w.Requests, *w.P50, *w.P95)
	}
	if got.Payload != 2700 || !(total("ws") < total("sse") && total("sse") < total("poll")) {
		p.v.Errorf("%d bytes of updates cost %d by WebSocket, %d by server-sent events, %d by polling", got.Payload, total("ws"), total("sse"), total("poll"))
	}
}

func handshakeProof(p *shownPage) {
	const key = "dGhlIHNhbXBsZSBub25jZQ==" // RFC 6455 section 1.3
	type variant struct {
		Variant, Accept, Body string
		Status                int
	}
	var got struct {
		Key        string
		Derivation struct{ SHA1, Accept string }
		Variants   []variant
	}
	p.perform("handshake", "{key: '"+key+"'}", &got)
	if got.Key != key || got.Derivation.Accept != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" || got.Derivation.SHA1 != "b3 7a 4f 2c c0 62 4f 16 90 f6 46 06 cf 38 59 45 b2 be c4 ea" {
		p.v.Errorf("of the key %s the page derives %+v, want those of RFC 6455", got.Key, got.Derivation)
	}
	if len(got.Variants) != 11 {
		p.v.Errorf("%d variants, want 11", len(got.Variants))
	}
	for _, a := range got.Variants {
		if correct := a.Variant == "correct"; (a.Status == 101) != correct || (a.Accept == got.Derivation.Accept) != correct || (a.Body == "") != correct {
			p.v.Errorf("%+v", a)
		}
	}
}

func maskImages(p *shownPage) {
	var got struct {
		Frames []struct{ Head, Key, Wire, Payload, Text string }
		Back   []string
		Raw    struct {
			Code   int
			Reason string
			Answer string
		}
	}
	p.perform("mask", "{}", &got)
	images := map[string]bool{}
	for _, f := range got.Frames {
		images[f.Wire] = true
		if f.Text != "发送数据" || f.Head != "81 8c "+f.Key || unmask(f.Wire, f.Key) != f.Payload {
			p.v.Errorf("frame %+v, want its payload to be its wire image without the mask", f)
		}
	}
	if len(got.Frames) != 3 || len(images) != 3 || len(got.Back) != 3 {
		p.v.Errorf("%d wire images of %d frames, want 3 of 3", len(images), len(got.Frames))
	}
	if got.Raw.Code != 1002 || !strings.HasPrefix(got.Raw.Answer, "88 ") || !strings.Contains(got.Raw.Answer, " 03 ea ") {
		p.v.Errorf("an unmasked frame is answered by %+v, want a Close frame of 1002", got.Raw)
	}
}

// unmask takes a masking key off; all are pairs of hex digits.
func unmask(wire, key string) string {
	var out []string
	for i, b := range strings.Fields(wire) {
		var x, y byte
		fmt.Sscanf(b, "%02x", &x)
		fmt.Sscanf(strings.Fields(key)[i%4], "%02x", &y)
		out = append(out, fmt.Sprintf("%02x", x^y))
	}
	return strings.Join(out, " ")
}

func pingUntold(p *shownPage) {
	var got struct {
		Events map[string]int
		Pings  []struct {
			Ping, Pong string
			RTT        *int `json:"rtt_us"`
		}
	}
	p.perform("ping", "{}", &got)
	if want := (map[string]int{"message": 0, "error": 0, "close": 0}); !maps.Equal(got.Events, want) {
		p.v.Errorf("events %v, want %v", got.Events, want)
	}
	var took []int
	for _, p := range got.Pings {
		if p.RTT != nil && *p.RTT >= 0 && strings.HasPrefix(p.Ping, "89 ") && strings.HasPrefix(p.Pong, "8a ") {
			took = append(took, *p.RTT)
		}
	}
	if len(took) < 3 {
		p.v.Errorf("pings %+v, want 3 with their pongs", got.Pings)
	}
	p.v.Logf("pongs after %v µs", took)
}

func utf8Sizes(p *shownPage) {
	var got struct {
		Samples []struct {
			Name, Back         string
			Units, Bytes, Wire int
		}
		Pieces []struct{ Hex, Alone, Stream string }
		Raw    []struct {
			Case string
			Code int
		}
	}
	p.perform("utf8", "{}", &got)
	sizes := map[string][3]int{}
	for _, s := range got.Samples {
		sizes[s.Name] = [3]int{s.Units, s.Bytes, s.Wire}
	}
	if want := (map[string][3]int{"chinese": {4, 12, 18}, "emoji": {2, 4, 10}, "surrogate": {1, 3, 9}}); !maps.Equal(sizes, want) {
		p.v.Errorf("units, bytes, bytes on the wire: %v, want %v", sizes, want)
	}
	codes := map[string]int{}
	for _, c := range got.Raw {
		codes[c.Case] = c.Code
	}
	if want := (map[string]int{"good": 0, "cut-between-frames": 0, "cut-between-messages": 1007, "bad-bytes": 1007, "lone-surrogate": 1007, "bad-bytes-in-binary": 0}); !maps.Equal(codes, want) {
		p.v.Errorf("Close codes %v, want %v", codes, want)
	}
	alone, stream := "", ""
	for _, piece := range got.Pieces {
		alone, stream = alone+piece.Alone, stream+piece.Stream
	}
	if !strings.Contains(alone, "�") || !strings.HasPrefix(stream, "发送数据") {
		p.v.Errorf("cut over two writes: decoded alone %q, as a stream %q", alone, stream)
	}
}

func idleLives(p *shownPage) {
	type life struct {
		Lived        float64 `json:"lived_ms"`
		Ended        string
		Pings, Pongs int
	}
	var got struct{ Silent, Pinged, Dead life }
	p.perform("idle", "{}", &got)
	if got.Silent.Ended == "alive" || got.Pinged.Ended != "alive" || got.Pinged.Lived <= got.Silent.Lived || got.Pinged.Pings == 0 || got.Silent.Pings != 0 {
		p.v.Errorf("behind a proxy: silent %+v, with pings %+v", got.Silent, got.Pinged)
	}
	if got.Dead.Ended == "alive" || got.Dead.Pings == 0 || got.Dead.Pongs != 0 {
		p.v.Errorf("dead peer: %+v, want it found out by a ping", got.Dead)
	}
	p.v.Logf("lived: silent %.0f ms, with pings %.0f ms and on, dead peer %.0f ms", got.Silent.Lived, got.Pinged.Lived, got.Dead.Lived)
}
