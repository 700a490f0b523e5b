//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// pageServer serves testdata/browser, to each page below a path of its own, where the page posts its reports.
type pageServer struct {
	origin string      // http://localhost:port
	next   chan string // what director.html opens; no capacity: whoever sends knows that it was asked for

	mu       sync.Mutex // guards expected
	expected []chan pageReport
}

type pageReport struct {
	Event string
	Value json.RawMessage
}

// maxReports is more than any page sends.
const maxReports = 64

func servePages(t *testing.T) *pageServer {
	s := &pageServer{next: make(chan string)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /next", s.answerNext)
	mux.HandleFunc("GET /{page}/{file}", serveFile)
	mux.HandleFunc("POST /{page}/report", s.takeReport)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	s.origin = strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	return s
}

// expect makes a path for a page.
func (s *pageServer) expect() (id int, reports <-chan pageReport) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expected = append(s.expected, make(chan pageReport, maxReports))
	id = len(s.expected) - 1
	return id, s.expected[id]
}

func (s *pageServer) address(id int, file string) string {
	return s.origin + "/" + strconv.Itoa(id) + "/" + file
}

func (s *pageServer) takeReport(w http.ResponseWriter, r *http.Request) {
	var report pageReport
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(body, &report)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	id, _ := strconv.Atoi(r.PathValue("page"))
	if err != nil || id < 0 || id >= len(s.expected) || len(s.expected[id]) == maxReports {
		http.Error(w, "no report, or one too many", http.StatusBadRequest)
		return
	}
	s.expected[id] <- report
}

// answerNext waits until a page is to be opened.
func (s *pageServer) answerNext(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	select {
	case url := <-s.next:
		io.WriteString(w, url)
	case <-r.Context().Done():
	}
}

// direct makes director.html open url after it has closed what it opened before; "" only closes. It blocks until the
// browser asks for it.
func (s *pageServer) direct(ctx context.Context, url string) error {
	select {
	case s.next <- url:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("the browser does not ask what to open: %w", ctx.Err())
	}
}

func serveFile(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", "*") // a page from disk loads shown.js
	http.ServeFileFS(w, r, os.DirFS("testdata/browser"), r.PathValue("file"))
}
