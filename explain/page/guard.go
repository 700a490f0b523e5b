package page

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const mostBody = 1 << 10 // bytes

// bodyLimit is how long a body may take to arrive. Variable for tests.
var bodyLimit = 5 * time.Second

// policy lets the page load its own files and talk to its own port, and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// secure sets what every answer has.
func secure(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}

func isAPI(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/api/") }

// foreign says why a request to the API does not come from the bridge's own page; "" if it does, or comes from no
// browser. --allow-origin lets other pages open WebSockets, not watch them. Browsers tell where a request comes from in
// Sec-Fetch-Site, which a page cannot forge; over plain HTTP to another machine they leave it out, and Origin is left.
func foreign(r *http.Request) string {
	const only = "; only the bridge's own page may use /api, and --allow-origin does not change that"
	switch site := r.Header.Get("Sec-Fetch-Site"); site {
	case "same-origin", "none": // none: typed by the user
		return ""
	case "":
	default:
		return fmt.Sprintf("Sec-Fetch-Site is %q: another site's page sent this%s", clip(site), only)
	}
	origin := r.Header.Get("Origin")
	u, err := url.Parse(origin)
	if origin == "" || err == nil && u.Host != "" && withoutPort(u.Host, u.Scheme) == withoutPort(r.Host, u.Scheme) {
		return ""
	}
	return fmt.Sprintf("Origin is %q: another site's page sent this%s", clip(origin), only)
}

// withoutPort is host in lower case, and without its port if that is the scheme's own.
func withoutPort(host, scheme string) string {
	host = strings.ToLower(host)
	switch scheme {
	case "http":
		return strings.TrimSuffix(host, ":80")
	case "https":
		return strings.TrimSuffix(host, ":443")
	}
	return host
}

// takeBody reads r's body and leaves it in memory, so that no slow client keeps a handler waiting. It gives a status and
// a reason when the body is too long or too slow, or of a type that a form on another site could send.
func takeBody(w http.ResponseWriter, r *http.Request) (status int, why string) {
	if r.Body == http.NoBody || r.Body == nil {
		return 0, ""
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return http.StatusUnsupportedMediaType, "the body must be JSON; send it with Content-Type: application/json, or send no body"
	}
	deadlines := http.NewResponseController(w)
	deadlines.SetReadDeadline(time.Now().Add(bodyLimit))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostBody))
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		return http.StatusRequestEntityTooLarge, fmt.Sprintf("the body has more than %d bytes", mostBody)
	case err != nil:
		return http.StatusBadRequest, "the body did not arrive whole within " + bodyLimit.String()
	}
	deadlines.SetReadDeadline(time.Time{})
	r.Body = io.NopCloser(bytes.NewReader(body))
	return 0, ""
}
