package page

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed static
var static embed.FS

// file is one of the page's files.
type file struct {
	body []byte
	kind string // Content-Type
	tag  string // ETag: of the content, so that it is valid across restarts
}

// kinds are the Content-Types of the page's files. The operating system's table, which package mime reads, differs from
// machine to machine, and a module script of a wrong type does not run.
var kinds = map[string]string{
	".html": "text/html; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".json": "application/json",
	".svg":  "image/svg+xml",
}

// staticFiles are the embedded files by the path that serves them. Files of other kinds are not served.
func staticFiles() map[string]file {
	files := make(map[string]file)
	fs.WalkDir(static, "static", func(name string, entry fs.DirEntry, err error) error {
		kind := kinds[path.Ext(name)]
		if err != nil || entry.IsDir() || kind == "" {
			return err
		}
		body, err := static.ReadFile(name)
		sum := sha256.Sum256(body)
		files["/page/"+strings.TrimPrefix(name, "static/")] = file{body, kind, fmt.Sprintf(`"%x"`, sum[:12])}
		return err
	})
	return files
}

func (p *Page) serveIndex(w http.ResponseWriter, r *http.Request) { p.send(w, r, "/page/index.html") }

func (p *Page) serveFile(w http.ResponseWriter, r *http.Request) { p.send(w, r, r.URL.Path) }

func (p *Page) send(w http.ResponseWriter, r *http.Request, name string) {
	f, ok := p.files[name]
	if !ok {
		p.refuse(w, r, http.StatusNotFound, "the page has no such file; it begins at /")
		return
	}
	w.Header().Set("Content-Type", f.kind)
	w.Header().Set("ETag", f.tag)
	w.Header().Set("Cache-Control", "no-cache") // kept, but asked for again: the next version of wsbridge has others
	timed(w, func() { http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(f.body)) })
}
