package auth

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// TestPresentations is what a request shows, and what becomes of it under each policy.
func TestPresentations(t *testing.T) {
	jwt := sign(t, hmacSecret, "HS256", "", map[string]any{"sub": "ada", "target": "vnc"})
	wrongJWT := sign(t, otherSecret, "HS256", "", map[string]any{"sub": "ada"})
	policies := map[string]*Policy{
		"nil":    nil,
		"zero":   {Cookie: "c", Query: true, Audience: "bridge"},
		"tokens": {Tokens: tokens(t, goodToken+"\n"+otherToken)},
		"places": {Tokens: tokens(t, goodToken+"\n"+otherToken), Cookie: "c", Query: true},
		"basic":  {Basic: users(t, "ada", goodPassword)},
		"jwt":    {Keys: keys(t, hmacSecret), Cookie: "c"},
		"all":    {Tokens: tokens(t, goodToken+"\n"+otherToken), Basic: users(t, "ada", goodPassword), Keys: keys(t, hmacSecret), Cookie: "c", Query: true},
	}
	token := Grant{Method: "token"}
	cookie := Grant{Method: "token", Cookie: true}
	ada := Grant{Method: "basic", User: "ada"}
	vnc := Grant{Method: "jwt", User: "ada", Target: "vnc"}
	vncCookie := vnc
	vncCookie.Cookie = true
	type outcome map[string]any // a Grant, or a status and what the text contains
	type no struct {
		status int
		text   string
	}
	wants, wrong, several := no{401, "this bridge wants"}, no{401, notValid}, no{400, "more than one token"}
	wrongUser := no{401, "the user or the password is not valid"}
	for _, row := range []struct {
		claim string
		r     *http.Request
		want  outcome
	}{
		{"nothing at all", request("/"),
			outcome{"nil": Grant{}, "zero": Grant{}, "tokens": wants, "places": wants, "basic": wants, "jwt": wants, "all": wants}},
		{"a right token in the header", request("/", "Authorization: Bearer "+goodToken),
			outcome{"nil": Grant{}, "zero": Grant{}, "tokens": token, "places": token, "basic": wants, "jwt": wrong, "all": token}},
		{"the other token, and a scheme in small letters", request("/", "Authorization: bearer  "+otherToken),
			outcome{"tokens": token, "all": token}},
		{"a wrong token in the header", request("/", "Authorization: Bearer "+badToken),
			outcome{"nil": Grant{}, "zero": Grant{}, "tokens": wrong, "places": wrong, "basic": wants, "jwt": wrong, "all": wrong}},
		{"a token that begins like a right one", request("/", "Authorization: Bearer "+goodToken+"x"), outcome{"tokens": wrong}},
		{"the beginning of a right one", request("/", "Authorization: Bearer "+goodToken[:16]), outcome{"tokens": wrong}},
		{"Bearer without a token", request("/", "Authorization: Bearer"), outcome{"tokens": wants, "all": wants}},
		{"a token of 8 KiB and one byte", request("/", "Authorization: Bearer "+strings.Repeat("a.b", 2731)), outcome{"tokens": no{401, "longer than 8 KiB"}, "jwt": no{401, "longer than 8 KiB"}}},
		{"another scheme", request("/", "Authorization: Digest "+goodToken), outcome{"tokens": wants, "all": wants}},
		{"a token without a scheme", request("/", "Authorization: "+goodToken), outcome{"tokens": wants, "all": wants}},

		{"a right token as the only subprotocol", request("/", "Sec-WebSocket-Protocol: bearer."+goodToken),
			outcome{"nil": Grant{}, "tokens": token, "places": token, "basic": wants, "all": token}},
		{"in a list", request("/", "Sec-WebSocket-Protocol: binary,  bearer."+goodToken+" ,x"), outcome{"tokens": token, "all": token}},
		{"in a second header", request("/", "Sec-WebSocket-Protocol: binary", "Sec-WebSocket-Protocol: bearer."+goodToken), outcome{"tokens": token, "all": token}},
		{"a wrong one in a list", request("/", "Sec-WebSocket-Protocol: binary, bearer."+badToken), outcome{"tokens": wrong, "all": wrong}},
		{"a prefix in capitals is another subprotocol", request("/", "Sec-WebSocket-Protocol: Bearer."+goodToken), outcome{"tokens": wants}},
		{"a subprotocol that is a token", request("/", "Sec-WebSocket-Protocol: "+goodToken), outcome{"tokens": wants}},
		{"bearer. alone", request("/", "Sec-WebSocket-Protocol: binary, bearer."), outcome{"tokens": wants}},

		{"a right cookie", request("/", "Cookie: a=b; c="+goodToken),
			outcome{"nil": Grant{}, "tokens": wants, "places": cookie, "basic": wants, "all": cookie}},
		{"a quoted cookie", request("/", `Cookie: c="`+goodToken+`"`), outcome{"places": cookie}},
		{"a wrong cookie", request("/", "Cookie: c="+badToken), outcome{"tokens": wants, "places": wrong, "all": wrong}},
		{"a cookie of another name", request("/", "Cookie: C="+goodToken), outcome{"places": wants}},
		{"a cookie that was emptied", request("/", "Cookie: c="), outcome{"places": wants}},
		{"a right cookie and a wrong one of that name", request("/", "Cookie: c="+goodToken+"; c="+badToken), outcome{"tokens": wants, "places": several}},

		{"a right token in the address", request("/?access_token=" + goodToken),
			outcome{"nil": Grant{}, "tokens": wants, "places": token, "basic": wants, "jwt": wants, "all": token}},
		{"a wrong token in the address", request("/?access_token=" + badToken), outcome{"tokens": wants, "places": wrong}},
		{"two in the address", request("/?access_token=" + badToken + "&access_token=" + goodToken), outcome{"tokens": wants, "places": several}},
		{"an empty one in the address", request("/?access_token="), outcome{"places": wants}},

		{"a right user", request("/", basic("ada", goodPassword)),
			outcome{"nil": Grant{}, "tokens": wants, "places": wants, "basic": ada, "jwt": wants, "all": ada}},
		{"a wrong password", request("/", basic("ada", badPassword)), outcome{"tokens": wants, "basic": wrongUser, "all": wrongUser}},
		{"a wrong user", request("/", basic("eve", goodPassword)), outcome{"basic": wrongUser, "all": wrongUser}},
		{"no user", request("/", basic("", "")), outcome{"basic": wrongUser}},
		{"Basic that is no base64", request("/", "Authorization: Basic !"), outcome{"tokens": wants, "basic": no{401, "malformed"}, "all": no{401, "malformed"}}},
		{"Basic without a colon", request("/", "Authorization: basic YWRh"), outcome{"basic": no{401, "malformed"}}},
		{"a token as the password", request("/", basic("ada", goodToken)), outcome{"tokens": wants, "all": wrongUser}},

		{"a JWT in the header", request("/", "Authorization: Bearer "+jwt),
			outcome{"nil": Grant{}, "tokens": wrong, "places": wrong, "basic": wants, "jwt": vnc, "all": vnc}},
		{"a JWT as a subprotocol", request("/", "Sec-WebSocket-Protocol: bearer."+jwt+", binary"), outcome{"jwt": vnc, "all": vnc}},
		{"a JWT in the cookie", request("/", "Cookie: c="+jwt), outcome{"jwt": vncCookie, "all": vncCookie}},
		{"a JWT in the address", request("/?access_token=" + jwt), outcome{"jwt": wants, "all": vnc}},
		{"a JWT of another issuer", request("/", "Authorization: Bearer "+wrongJWT), outcome{"jwt": wrong, "all": wrong}},

		{"the same token everywhere is one", request("/?access_token="+goodToken, "Authorization: Bearer "+goodToken, "Cookie: c="+goodToken, "Sec-WebSocket-Protocol: bearer."+goodToken+", bearer."+goodToken),
			outcome{"tokens": token, "places": token, "all": token}},
		{"two right tokens in two places", request("/", "Authorization: Bearer "+goodToken, "Sec-WebSocket-Protocol: bearer."+otherToken), outcome{"nil": Grant{}, "basic": wants, "tokens": several, "all": several}},
		{"two subprotocols", request("/", "Sec-WebSocket-Protocol: bearer."+goodToken+", bearer."+badToken), outcome{"tokens": several}},
		{"a right token and a wrong cookie", request("/", "Authorization: Bearer "+goodToken, "Cookie: c="+badToken), outcome{"tokens": token, "places": several}},
		{"a right cookie and a wrong token in the address", request("/?access_token="+badToken, "Cookie: c="+goodToken), outcome{"tokens": wants, "places": several}},
		{"a right token and a JWT", request("/", "Authorization: Bearer "+goodToken, "Cookie: c="+jwt), outcome{"all": several, "jwt": several}},
		{"a token beside a wrong user", request("/", basic("ada", badPassword), "Sec-WebSocket-Protocol: bearer."+goodToken), outcome{"tokens": token, "basic": wrongUser, "all": token}},
		{"a wrong token beside a right user", request("/", basic("ada", goodPassword), "Sec-WebSocket-Protocol: bearer."+badToken), outcome{"tokens": wrong, "basic": ada, "all": wrong}},
		{"a wrong cookie beside a right user", request("/", basic("ada", goodPassword), "Cookie: c="+badToken), outcome{"basic": ada, "all": wrong}},
		{"two Authorization headers", request("/", basic("ada", goodPassword), "Authorization: Bearer "+goodToken),
			outcome{"nil": Grant{}, "tokens": no{400, "more than one Authorization"}, "basic": no{400, "more than one Authorization"}, "all": no{400, "more than one Authorization"}}},
	} {
		for name, want := range row.want {
			t.Run(row.claim+"/"+name, func(t *testing.T) {
				grant, refusal := policies[name].Check(row.r)
				if refusal == nil {
					wantNoSecret(t, fmt.Sprintf("%+v", grant), jwt, wrongJWT)
					if grant != want {
						t.Errorf("got %+v, want %+v", grant, want)
					}
					return
				}
				wantPresentable(t, refusal, jwt, wrongJWT)
				if w, _ := want.(no); grant != (Grant{}) || refusal.Status != w.status || !strings.Contains(refusal.Text, w.text) || w.text == "" {
					t.Errorf("got %+v and %d %q, want %+v", grant, refusal.Status, refusal.Text, want)
				}
			})
		}
	}
}

func TestRequired(t *testing.T) {
	for _, row := range []struct {
		claim string
		p     *Policy
		want  bool
	}{
		{"nil asks for nothing", nil, false},
		{"zero asks for nothing", &Policy{}, false},
		{"places ask for nothing", &Policy{Cookie: "c", Query: true, Audience: "a"}, false},
		{"tokens", &Policy{Tokens: &Tokens{}}, true},
		{"users", &Policy{Basic: &Basic{}}, true},
		{"keys", &Policy{Keys: &Keys{}}, true},
	} {
		if got := row.p.Required(); got != row.want {
			t.Errorf("%s: got %v, want %v", row.claim, got, row.want)
		}
	}
}

// TestRefusalListsTheWays: exactly those that the policy allows.
func TestRefusalListsTheWays(t *testing.T) {
	const basicChallenge, bearerChallenge = `Basic realm="wsbridge", charset="UTF-8"`, `Bearer realm="wsbridge"`
	for _, row := range []struct {
		p          Policy
		text       string
		challenges []string
	}{
		{Policy{Tokens: &Tokens{}},
			`this bridge wants a token: new WebSocket(url, ["binary", "bearer.TOKEN"]) or an Authorization: Bearer header`, []string{bearerChallenge}},
		{Policy{Keys: &Keys{}, Cookie: "session"},
			`this bridge wants a token (a JWT): new WebSocket(url, ["binary", "bearer.TOKEN"]), an Authorization: Bearer header or a cookie "session"`, []string{bearerChallenge}},
		{Policy{Basic: &Basic{}, Cookie: "session", Query: true},
			`this bridge wants a user and a password: an Authorization: Basic header`, []string{basicChallenge}},
		{Policy{Tokens: &Tokens{}, Keys: &Keys{}, Basic: &Basic{}, Query: true},
			`this bridge wants a token or a user and a password: new WebSocket(url, ["binary", "bearer.TOKEN"]), an Authorization: Bearer header, ?access_token=TOKEN or an Authorization: Basic header`,
			[]string{basicChallenge, bearerChallenge}},
	} {
		_, refusal := row.p.Check(request("/"))
		if refusal.Status != 401 || refusal.Text != row.text {
			t.Errorf("got %d %q, want 401 %q", refusal.Status, refusal.Text, row.text)
		}
		if got := refusal.Header.Values("WWW-Authenticate"); fmt.Sprint(got) != fmt.Sprint(row.challenges) {
			t.Errorf("got %q, want %q", got, row.challenges)
		}
	}
}

// TestErrorCodes of RFC 6750 section 3.1: only for what was sent as a token.
func TestErrorCodes(t *testing.T) {
	p := &Policy{Tokens: tokens(t, goodToken), Basic: users(t, "ada", goodPassword)}
	for _, row := range []struct {
		claim string
		r     *http.Request
		want  string
	}{
		{"nothing sent", request("/"), `Bearer realm="wsbridge"`},
		{"a wrong token", request("/", "Authorization: Bearer "+badToken), `Bearer realm="wsbridge", error="invalid_token"`},
		{"two tokens", request("/", "Authorization: Bearer "+goodToken, "Sec-WebSocket-Protocol: bearer."+badToken), `Bearer realm="wsbridge", error="invalid_request"`},
		{"a wrong password", request("/", basic("ada", badPassword)), `Bearer realm="wsbridge"`},
	} {
		_, refusal := p.Check(row.r)
		if got := refusal.Header.Values("WWW-Authenticate"); len(got) != 2 || got[1] != row.want {
			t.Errorf("%s: got %q, want %q second", row.claim, got, row.want)
		}
	}
}
