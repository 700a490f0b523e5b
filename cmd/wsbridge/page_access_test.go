//go:build linux

package main

import (
	"fmt"
	"strings"
)

// The page can be read and used by everybody.
var accessClaims = []pageClaim{
	{"the first explained byte is on the screen soon", firstByte},
	{"the visitor's languages and the system's dark are followed", visitorsChoice},
	{"the keyboard reaches everything, and one sees where it is", keyboardReaches},
	{"the keys j, k, Enter, ? and Esc", keysWork},
}

// firstByte logs when it was there, and is patient: other tests run beside it.
func firstByte(v *pageVisit) {
	bridge := v.startBridge()
	best := 0.0
	for range 3 {
		p := v.openPage(bridge, "?lang=en", desktop)
		p.await("all of them", "Object.values(probe.first).length === 4 && Object.values(probe.first).every(isFinite)")
		first := valueOf[map[string]float64](p, "probe.first")
		v.Logf("milliseconds from navigation to a frame with the message %.0f, what became of it %.0f, ruler %.0f, its verdict %.0f",
			first["message"], first["chain"], first["ruler"], first["verdict"])
		if best == 0 || first["message"] < best {
			best = first["message"]
		}
	}
	if best > 5000 {
		v.Errorf("the first explained byte was on the screen after %.0f ms at best, want 5000", best)
	}
}

func visitorsChoice(v *pageVisit) {
	p := v.openPage(v.startBridge(), "", look{width: 1440, height: 900, dark: true, language: "zh-CN"})
	got := valueOf[[]string](p, "[document.documentElement.lang, document.querySelector('h1').textContent, getComputedStyle(document.body).backgroundColor]")
	if got[0] != "zh-Hans" || !strings.Contains(got[1], "套接字") && !strings.Contains(got[1], "字节") || !valueOf[bool](p, "probe.isDark()") {
		v.Errorf("for a Chinese visitor with a dark system the page is %q", got)
	}
	p.picture("dark-zh")
}

// wantLooks checks what is said and how it looks, in both languages, light and dark, on a wide and on a narrow screen.
// All of it is unfolded.
func (p *shownPage) wantLooks() {
	for _, theme := range []string{"light", "dark"} {
		for _, lang := range []string{"en", "zh"} {
			p.v.part(lang+", "+theme, func(v *pageVisit) { p.in(v).wantLook(lang, theme) })
		}
	}
}

func (p *shownPage) wantLook(lang, theme string) {
	p.v.Helper()
	p.choose(lang, theme)
	p.resize(1440, 900)
	p.do("probe.unfold()")
	p.await("no text in the other language, no name of a text", fmt.Sprintf("probe.settled(() => probe.strays(%q).then((s) => s.length === 0))", lang))
	if strays := valueOf[[]string](p, fmt.Sprintf("probe.strays(%q)", lang)); len(strays) > 0 {
		p.v.Errorf("%d texts:\n%s", len(strays), strings.Join(strays, "\n"))
	}
	contrast := valueOf[struct {
		N     int
		Least float64
		Low   []string
	}](p, "probe.contrast()")
	if len(contrast.Low) > 0 || contrast.N < 100 {
		p.v.Errorf("of %d texts these have too little contrast:\n%s", contrast.N, strings.Join(contrast.Low, "\n"))
	}
	p.v.Logf("%d texts, the least contrast is %.2f", contrast.N, contrast.Least)
	p.picture(lang + "-" + theme)
	p.resize(320, 700)
	if wide := valueOf[[]string](p, "probe.wide()"); len(wide) > 0 {
		p.v.Errorf("at 320 pixels the page scrolls sideways: %s", strings.Join(wide, "\n"))
	}
	p.picture(lang + "-" + theme + "-320")
	p.resize(1440, 900)
}

// choose presses the page's buttons until it has this language and theme.
func (p *shownPage) choose(lang, theme string) {
	p.v.Helper()
	tag := map[string]string{"en": "en", "zh": "zh-Hans"}[lang]
	if valueOf[string](p, "document.documentElement.lang") != tag {
		p.do("document.querySelectorAll('#tools button')[0].click()")
	}
	p.await(lang, fmt.Sprintf("document.documentElement.lang === %q", tag))
	if dark := valueOf[bool](p, "probe.isDark()"); dark != (theme == "dark") {
		p.do("document.querySelectorAll('#tools button')[1].click()")
	}
	p.await(theme, fmt.Sprintf("probe.isDark() === %v", theme == "dark"))
}

func keyboardReaches(v *pageVisit) {
	p := v.openPage(v.startBridge(), "?lang=en", desktop)
	p.say([]byte("发送数据"), nil)
	p.do("wsbridge.experiments.run('handshake').then(() => probe.unfold())")
	type stop struct {
		At    int
		Shown bool
		Where string
	}
	reached, unseen, left := map[int]bool{}, map[string]bool{}, []string(nil)
	for range 3 * valueOf[int](p, "probe.controls().length") {
		p.press("Tab")
		got := valueOf[stop](p, "probe.focused()")
		if !got.Shown {
			unseen[got.Where] = true
		}
		reached[got.At] = true
		left = left[:0]
		for i, where := range valueOf[[]string](p, "probe.controls().map((el) => probe.where(el) + ' ' + (el.ariaLabel ?? el.textContent).slice(0, 40))") {
			if !reached[i] {
				left = append(left, where)
			}
		}
		if len(left) == 0 {
			break
		}
	}
	if len(left) > 0 {
		v.Errorf("Tab does not reach\n%s", strings.Join(left, "\n"))
	}
	if len(unseen) > 0 {
		v.Errorf("one does not see the focus on %v", unseen)
	}
	v.Logf("%d controls reached", len(reached))
}

func keysWork(v *pageVisit) {
	p := v.openPage(v.startBridge(), "?lang=en", desktop)
	p.say([]byte("发送数据"), nil)
	index := func() int {
		return valueOf[int](p, "wsbridge.store().events.indexOf(wsbridge.store().selection.event)")
	}
	p.press("j")
	first := index()
	p.press("j", "j")
	third := index()
	p.press("k")
	if second := index(); first < 0 || !(first < second && second < third) {
		v.Errorf("j, j, j and k go to events %d, %d, back to %d", first, third, second)
	}
	if here := valueOf[string](p, "document.querySelector('.here:not([hidden])')?.textContent ?? ''"); here == "" {
		v.Errorf("j does not say where one is")
	}
	p.press("Enter")
	p.await("the X-ray of it", "document.querySelector('#xray > details').open && document.querySelector('#xray .part').textContent.length > 100")
	p.press("?")
	p.await("the help", "document.getElementById('help').open")
	p.press("Escape")
	p.await("no help", "!document.getElementById('help').open")
	p.press("Escape")
	if index() != -1 {
		v.Errorf("Esc does not let go of the event")
	}
	p.do("probe.unfold()")
	for _, list := range []string{"#ruler .piece", "#ladder .ladder-step"} {
		p.await("one to begin with", fmt.Sprintf("document.querySelector('%s[tabindex=\"0\"]')", list))
		p.do(fmt.Sprintf("(globalThis.before = document.querySelector('%s[tabindex=\"0\"]')).focus()", list))
		p.press("ArrowDown")
		if !valueOf[bool](p, fmt.Sprintf("document.activeElement !== before && document.activeElement.matches('%s')", list)) {
			v.Errorf("arrows do not walk through %s", list)
		}
	}
}
