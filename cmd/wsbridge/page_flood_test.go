//go:build linux

package main

import (
	"fmt"
	"time"
)

// A flood does not stop the page.
var floodClaims = []pageClaim{
	{"flood: 10 000 frames a second, watched: all bytes come back, drops are stated, the page goes on", floodIsWatched},
}

// floodScript sends n messages of 16 bytes, 10 000 a second, and notes how the page goes on meanwhile.
const floodScript = `(() => {
	const live = wsbridge.live(), n = 30000, payload = new Uint8Array(16).fill(0x61);
	const f = globalThis.flood = { sent: 0, back: 0, frames: 0, longest: 0, took: 0, over: false };
	live.ws.addEventListener('message', (e) => { f.back += e.data.byteLength; });
	const start = performance.now();
	let last = start;
	const frame = (now) => { f.frames++; f.longest = Math.max(f.longest, now - last); last = now; if (!f.over) requestAnimationFrame(frame); };
	requestAnimationFrame(frame);
	const send = () => {
		const due = Math.min(n, Math.round((performance.now() - start) * 10), f.sent + 500);
		for (; f.sent < due; f.sent++) live.send(payload);
		if (f.sent < n) setTimeout(send, 2);
		else f.took = performance.now() - start;
	};
	send();
})()`

func floodIsWatched(v *pageVisit) {
	const n, size = 30_000, 16
	p := v.openPage(v.startBridge(), "?lang=en", desktop)
	before := len(p.say([]byte("发送数据"), nil))
	p.do(floodScript)
	var asked int
	var longest time.Duration
	for !valueOf[bool](p, "flood.back === 30000 * 16") {
		began := time.Now()
		p.do("document.title")
		longest = max(longest, time.Since(began))
		asked++
		pause(v.T, v.ctx, "wait for the flood to come back", func() string { return p.state(nil) })
	}
	p.do("flood.over = true")
	f := valueOf[struct {
		Sent, Back, Frames int
		Longest, Took      float64
	}](p, "flood")
	v.Logf("%d messages in %.0f ms (%.0f a second); meanwhile %d animation frames, at most %.0f ms apart, and %d questions, answered in at most %d ms",
		f.Sent, f.Took, float64(f.Sent)/f.Took*1000, f.Frames, f.Longest, asked, longest.Milliseconds())
	if f.Frames < 20 || f.Longest > 5000 || longest > 5*time.Second {
		v.Errorf("the page stood still, want 20 animation frames and an answer within 5 s")
	}
	want := before + n*size
	p.await("the page's own count of all of it", fmt.Sprintf(`(({ a, b }) => a.in.messages === %d && a.in.frames === %[1]d &&
		[a.in.payload, b.out.bytes, b.in.bytes, a.out.payload].every((n) => n === %d))(wsbridge.store().totals)`, n+1, want))
	dropped := valueOf[int](p, "wsbridge.store().events.filter((e) => e.layer === 'feed' && e.kind === 'dropped').reduce((n, e) => n + e.n, 0)")
	kept := valueOf[int](p, "wsbridge.store().events.length")
	if kept > 5100 || dropped == 0 {
		v.Errorf("%d events are kept, %d are told to be missing; want at most 5 100, and the rest told", kept, dropped)
	}
	p.do("document.querySelector('#ladder > details').open = true")
	p.await("the drops, stated in the ladder", "document.querySelector('#ladder .part').textContent.match(/not (shown|kept)|missing|dropped|were left out|more events/i)")
	v.Logf("%d events kept, %d told to be missing", kept, dropped)
}
