package page

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"strconv"
	"time"
)

// writeLimit is how long a client may take for what is written to it at once. Variable for tests.
var writeLimit = 10 * time.Second

// timed bounds write and the flush that follows it, so that a client that does not read holds nothing for ever. The
// limit is lifted afterwards, because the connection can go on to another request.
func timed(w http.ResponseWriter, write func()) error {
	control := http.NewResponseController(w)
	control.SetWriteDeadline(time.Now().Add(writeLimit))
	write()
	err := control.Flush()
	control.SetWriteDeadline(time.Time{})
	return err
}

// answer writes value as JSON.
func (p *Page) answer(w http.ResponseWriter, status int, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		p.log.Error("page: answer", "error", err)
		status, body = http.StatusInternalServerError, []byte(`{}`)
	}
	body = append(body, '\n')
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	timed(w, func() {
		w.WriteHeader(status)
		w.Write(body)
	})
}

// refuse answers with one line that says what to do, logs it when somebody was kept out, and lets the connection end.
func (p *Page) refuse(w http.ResponseWriter, r *http.Request, status int, why string) {
	if status == http.StatusForbidden {
		p.log.Log(r.Context(), slog.LevelWarn, "refused", "status", status, "why", why, "client", r.RemoteAddr,
			"path", clip(r.URL.Path), "host", clip(r.Host), "origin", clip(r.Header.Get("Origin")))
	}
	if r.Body != http.NoBody {
		// The HTTP server waits for the rest of a short body before it closes.
		http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyLimit))
	}
	w.Header().Set("Connection", "close")
	w.Header().Set("Cache-Control", "no-store")
	timed(w, func() { http.Error(w, "wsbridge: "+why, status) })
}

// clip keeps what clients send short in logs and answers.
func clip(s string) string {
	const most = 200 // bytes
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
