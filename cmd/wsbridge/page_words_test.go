//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"os"

	"wsbridge/explain"
)

// What the page says of events is what --trace says.
var wordsClaims = []pageClaim{
	{"words.js fills words as explain.Explain does", wordsAreFilled},
	{"the page has the words of --trace for each event of its session, in both languages", wordsAreTheTrace},
}

// wordsAreFilled gives words.js the cases that explain's own test has.
func wordsAreFilled(v *pageVisit) {
	text, err := os.ReadFile("../../explain/testdata/words/fill.json")
	if err != nil {
		v.Fatal(err)
	}
	var cases []struct{ Want explain.Words }
	if err := json.Unmarshal(text, &cases); err != nil {
		v.Fatal(err)
	}
	p := v.openPage(v.startBridge(), "?lang=en", desktop)
	got := valueOf[[]explain.Words](p, fmt.Sprintf(`import('/page/words.js').then(({ fill }) =>
		%s.map(({ words, event }) => fill({ it: words }, { ...event, say: 'it' })))`, text))
	for i, c := range cases {
		if got[i] != c.Want {
			v.Errorf("case %d:\ngot  %q\nwant %q", i+1, got[i], c.Want)
		}
	}
}

func wordsAreTheTrace(v *pageVisit) {
	p := v.openPage(v.startBridge(), "?lang=en", desktop)
	p.say([]byte("发送数据"), nil) // the page's own first message
	for _, lang := range []explain.Lang{explain.English, explain.Chinese} {
		told := valueOf[[]struct {
			Event explain.Event
			Words explain.Words
		}](p, fmt.Sprintf(`(async () => {
			const { fill } = await import('/page/words.js');
			const words = await (await fetch('/api/words/%s')).json();
			return wsbridge.store().events.filter((e) => !e.src).map((event) => ({ event, words: fill(words, event) }));
		})()`, lang))
		if len(told) < 10 {
			v.Errorf("%s: the page knows %d events", lang, len(told))
		}
		for _, it := range told {
			if want := explain.Explain(it.Event, lang); it.Words != want {
				v.Errorf("%s, %s:\nthe page says  %q\n--trace says   %q", lang, it.Event.Say, it.Words, want)
			}
		}
	}
}
