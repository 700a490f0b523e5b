package auth

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// FuzzParseTokens: what it accepts, a browser can send in a cookie, and passes.
func FuzzParseTokens(f *testing.F) {
	f.Add([]byte("# c\r\n" + goodToken + "\n\n" + otherToken))
	f.Add([]byte("short"))
	f.Add([]byte("\xEF\xBB\xBFa,;\" \x00ü"))
	f.Fuzz(func(t *testing.T, file []byte) {
		known, err := ParseTokens(file)
		if err != nil {
			wantPresentable(t, &Refusal{Text: err.Error()})
			return
		}
		for _, token := range lines(file) {
			p := &Policy{Tokens: known, Cookie: "c"}
			for _, header := range []string{"Authorization: Bearer " + token, "Cookie: a=b; c=" + token + "; d=e", "Sec-WebSocket-Protocol: x, bearer." + token} {
				if grant, refusal := p.Check(request("/", header)); refusal != nil || grant.Cookie != strings.HasPrefix(header, "Cookie") {
					t.Errorf("got %+v, %+v for %q", grant, refusal, header)
				}
			}
		}
	})
}

// FuzzParseBasic: what it accepts has a hash that bcrypt can read.
func FuzzParseBasic(f *testing.F) {
	f.Add([]byte("ada:" + htpasswdHash + "\n#\n\nbob:" + htpasswdHash))
	f.Add([]byte("ada:$apr1$f7yjQ1nX$Cx4pX3NTwBqkVYbm4EoOg."))
	f.Add([]byte(":\nada"))
	f.Fuzz(func(t *testing.T, file []byte) {
		b, err := ParseBasic(file)
		if err != nil {
			wantPresentable(t, &Refusal{Text: err.Error()})
			return
		}
		for user, a := range b.byUser {
			if wrong := accountFault(user, string(a.hash)); wrong != "" || b.standIn(user) == nil {
				t.Errorf("got user %q, who %s", user, wrong)
			}
		}
	})
}

// FuzzParseKeys: what it accepts has keys, each with the algorithm of its kind; what it does not, it says in one line.
func FuzzParseKeys(f *testing.F) {
	f.Add([]byte(hmacSecret + "\n"))
	f.Add([]byte(publicPEM))
	f.Add([]byte(`{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","use":"sig","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`))
	f.Add([]byte(`{"kty":"oct","k":"YjBJeXZRMG5PM3pCcWZDNG0xSzV4VzhkVDJzUjd1TGE","alg":"HS256","key_ops":["verify"]}`))
	f.Add([]byte(`{"keys":[{"kty":"EC","crv":"P-256","d":""}]}`))
	f.Fuzz(func(t *testing.T, file []byte) {
		got, err := ParseKeys(file)
		if err != nil {
			wantPresentable(t, &Refusal{Text: err.Error()})
			return
		}
		if len(got.keys) == 0 {
			t.Error("no keys and no error")
		}
		for _, k := range got.keys {
			if again, err := newKey(k.id, k.public); err != nil || again.alg != k.alg {
				t.Errorf("got a key for %s: %v", k.alg, err)
			}
		}
		token := forge(`{"alg":"none"}`, `{"sub":"ada"}`, "")
		if _, refusal := (&Policy{Keys: got}).Check(request("/", "Authorization: Bearer "+token)); refusal == nil {
			t.Error("alg none passed")
		}
	})
}

// publicPEM is the key of RFC 8410 section 10.1.
const publicPEM = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n"

// FuzzCheck: nobody passes who does not know a secret, and no answer holds what was sent.
func FuzzCheck(f *testing.F) {
	p := &Policy{
		Tokens: tokens(f, goodToken), Basic: users(f, "ada", goodPassword), Keys: keys(f, hmacSecret+"\n"),
		Cookie: "c", Query: true, Audience: "bridge",
	}
	f.Add("Bearer x", "binary, bearer.y", "c=z; c=\"w\"", "access_token=v&access_token=")
	f.Add("Basic YWRhOmJhdHRlcnkgc3RhcGxl", "bearer.", "c=", "")
	f.Add("Bearer "+forge(`{"alg":"HS256","kid":"a"}`, `{"sub":"ada","exp":1}`, "x"), ",", ";", "%")
	f.Add("Basic !", "bearer.q,,bearer.q", "=;c", ";access_token=1")
	f.Fuzz(func(t *testing.T, authorization, protocol, cookie, query string) {
		r := request("/")
		r.URL = &url.URL{Path: "/", RawQuery: query}
		for name, value := range map[string]string{"Authorization": authorization, "Sec-Websocket-Protocol": protocol, "Cookie": cookie} {
			if value != "" {
				r.Header[name] = []string{value}
			}
		}
		grant, refusal := p.Check(r)
		if refusal == nil {
			_, password, _ := r.BasicAuth()
			if all := authorization + protocol + cookie + query + password; !strings.Contains(all, goodToken) && !strings.Contains(all, goodPassword) {
				t.Errorf("got %+v", grant)
			}
			return
		}
		wantPresentable(t, refusal)
		if !slices.Contains([]int{http.StatusUnauthorized, http.StatusBadRequest}, refusal.Status) || grant != (Grant{}) {
			t.Errorf("got %+v and %d", grant, refusal.Status)
		}
	})
}
