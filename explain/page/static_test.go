package page

import (
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestEveryStaticFileIsServed(t *testing.T) {
	r := newRig(t)
	served := staticFiles()
	fs.WalkDir(static, "static", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		at := "/page/" + strings.TrimPrefix(name, "static/")
		if served[at].kind == "" {
			t.Errorf("%s: no Content-Type for %q; add it to kinds", name, path.Ext(name))
			return nil
		}
		got := r.get(at)
		want, _ := static.ReadFile(name)
		if got.StatusCode != 200 || got.body != string(want) || got.Header.Get("Content-Type") != served[at].kind {
			t.Errorf("GET %s: %d, %s, %d bytes; want %d", at, got.StatusCode, got.Header.Get("Content-Type"), len(got.body), len(want))
		}
		return nil
	})
}

func TestIndexIsTheRoot(t *testing.T) {
	r := newRig(t)
	if got, want := r.get("/"), r.get("/page/index.html"); got.body != want.body || want.body == "" {
		t.Errorf("GET /: %d bytes; /page/index.html: %d", len(got.body), len(want.body))
	}
}

func TestStaticFilesAreAskedForAgainAndNotSentAgain(t *testing.T) {
	r := newRig(t)
	first := r.get("/page/main.js")
	tag := first.Header.Get("ETag")
	if tag == "" || first.Header.Get("Cache-Control") != "no-cache" {
		t.Fatalf("ETag %q, Cache-Control %q", tag, first.Header.Get("Cache-Control"))
	}
	again := r.do("GET", "/page/main.js", "", "If-None-Match", tag)
	if again.StatusCode != http.StatusNotModified || again.body != "" {
		t.Errorf("with If-None-Match: %d, %d bytes", again.StatusCode, len(again.body))
	}
	if other := r.do("GET", "/page/main.js", "", "If-None-Match", `"other"`); other.StatusCode != 200 {
		t.Errorf("with another tag: %d", other.StatusCode)
	}
}

func TestNoDirectoryIsListed(t *testing.T) {
	r := newRig(t)
	for _, at := range []string{"/page/", "/page/text/", "/page/x", "/page/nothing.js", "/page/%2e%2e/page.go", "/page/..%2fpage.go", "/page"} {
		got := r.get(at)
		if got.StatusCode != http.StatusNotFound || !strings.HasPrefix(got.body, "wsbridge: ") {
			t.Errorf("GET %s: %d %q", at, got.StatusCode, got.body)
		}
	}
}

var (
	htmlLink   = regexp.MustCompile(`(?:src|href)="([^"#]+)"`)
	jsImport   = regexp.MustCompile(`(?m)(?:^import\s+|^export\s[^;]*?from\s+|^\}?[^'"\n]*\sfrom\s+|\bimport\()'([^']+)'`)
	cssURL     = regexp.MustCompile(`(?:url\(\s*['"]?|@import\s+['"])([^'")]+)`)
	relativeJS = regexp.MustCompile(`^\.{1,2}/`)
)

func TestWhatFilesReferToExists(t *testing.T) {
	files := staticFiles()
	seen := 0
	for at, f := range files {
		for _, ref := range references(at, string(f.body)) {
			seen++
			if files[ref].kind == "" {
				t.Errorf("%s refers to %s, which is not there", at, ref)
			}
		}
	}
	if seen == 0 {
		t.Error("no references found")
	}
}

// references are the paths of the files that one loads.
func references(at, body string) (paths []string) {
	pattern := map[string]*regexp.Regexp{".html": htmlLink, ".js": jsImport, ".css": cssURL}[path.Ext(at)]
	if pattern == nil {
		return nil
	}
	for _, found := range pattern.FindAllStringSubmatch(body, -1) {
		ref, _, _ := strings.Cut(found[1], "?")
		if ref == "/" || ref == "" {
			continue
		}
		if !strings.HasPrefix(ref, "/") {
			ref = path.Join(path.Dir(at), ref)
		}
		paths = append(paths, ref)
	}
	return paths
}

func TestModulesImportRelatively(t *testing.T) {
	for at, f := range staticFiles() {
		if path.Ext(at) != ".js" {
			continue
		}
		for _, found := range jsImport.FindAllStringSubmatch(string(f.body), -1) {
			if !relativeJS.MatchString(found[1]) {
				t.Errorf("%s imports %q; want ./ or ../", at, found[1])
			}
		}
	}
}

// What the policy forbids, and what would make the wire's text HTML or code.
var forbidden = []struct {
	claim   string
	in      []string
	pattern *regexp.Regexp
}{
	{"no inline script", []string{".html", ".svg"}, regexp.MustCompile(`(?i)<script(?:\s+type="module")?\s*>|<script[^>]*>\s*[^<\s]|\son[a-z]+\s*=|javascript:`)},
	{"no inline style", []string{".html", ".svg"}, regexp.MustCompile(`(?i)<style|\sstyle\s*=`)},
	{"no text becomes HTML or code", []string{".js"}, regexp.MustCompile(`\b(?:innerHTML|outerHTML|insertAdjacentHTML|setHTMLUnsafe|createContextualFragment|srcdoc)\b|\bDOMParser\b|document\.write|\beval\s*\(|new Function\b`)},
	{"no style attribute from a string", []string{".js"}, regexp.MustCompile(`setAttribute\(\s*'style'|\.cssText\b|\bstyle:\s*['` + "`" + `]`)},
	{"no words for people outside text/", []string{".js", ".css"}, regexp.MustCompile(`\p{Han}`)},
	{"no data: URLs, which the policy blocks", []string{".html", ".css", ".svg"}, regexp.MustCompile(`['"(]data:`)},
	{"no address without a scheme", []string{".html", ".js", ".css", ".svg"}, regexp.MustCompile(`['"(]//[a-zA-Z0-9]`)},
}

func TestWhatStaticFilesDoNotHave(t *testing.T) {
	for at, f := range staticFiles() {
		for _, rule := range forbidden {
			if found := rule.pattern.Find(f.body); found != nil && slices.Contains(rule.in, path.Ext(at)) {
				t.Errorf("%s: %s: %q", at, rule.claim, found)
			}
		}
	}
}

// foreignURL finds what names another host. A namespace is a name and is not fetched; a link to an RFC is the visitor's
// to follow.
var foreignURL = regexp.MustCompile(`\b(?:https?|wss?)://[^\s'"` + "`" + `)<>]+`)

var knownURLs = []string{"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink", "https://www.rfc-editor.org/"}

func TestNoFileNamesAnotherHost(t *testing.T) {
	for at, f := range staticFiles() {
		if path.Ext(at) == ".json" {
			continue // prose and shell lines
		}
		for _, url := range foreignURL.FindAllString(string(f.body), -1) {
			known := func(prefix string) bool { return strings.HasPrefix(url, prefix) }
			if !slices.ContainsFunc(knownURLs, known) && !strings.Contains(url, "${") {
				t.Errorf("%s names %s", at, url)
			}
		}
	}
}

func TestReferencesFindsThem(t *testing.T) {
	got := references("/page/x/a.js", "import { a,\n  b } from '../b.js';\nimport './c.js';\nexport { d } from './d.js';\nconst e = await import('./e.js');\nexport * from './f.js';\n")
	want := []string{"/page/b.js", "/page/x/c.js", "/page/x/d.js", "/page/x/e.js", "/page/x/f.js"}
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := references("/page/a.css", `@import "b.css"; a { background: url('c.svg') }`); !slices.Equal(got, []string{"/page/b.css", "/page/c.svg"}) {
		t.Errorf("css: got %v", got)
	}
}
