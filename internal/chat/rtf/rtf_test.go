package rtf

import (
	"errors"
	"strings"
	"testing"

	"csbackup/scripts/chatdata"
)

func TestDocuments(t *testing.T) {
	for _, one := range []struct{ name, src, html string }{
		{"plain", `{\rtf1\ansi hello}`, "hello"},
		{"what a client writes", chatdata.RTF("how to <b>\\{x}\nGrüße \U0001F600"), "how to &lt;b&gt;\\{x}<br>Grüße \U0001F600"},
		{"formatting", `{\rtf1 a{\b b\i c}d\ul e\ulnone\strike0 f}`, "a<b>b</b><b><i>c</i></b>d<u>e</u>f"},
		{"bold off", `{\rtf1\b a\b0 b}`, "<b>a</b>b"},
		{"colour", `{\rtf1{\colortbl;\red255\green0\blue16;}\cf1 red\cf0 not}`, `<span style="color:#ff0010">red</span>not`},
		{"black is no colour", `{\rtf1{\colortbl;\red0\green0\blue0;}\cf1 black}`, "black"},
		{"hyperlink", `{\rtf1 {\field{\*\fldinst{HYPERLINK "https://example.com/?a=1&b=2"}}{\fldrslt{\ul here}}} on}`,
			`<a href="https://example.com/?a=1&amp;b=2" rel="noopener noreferrer"><u>here</u></a> on`},
		{"script in a link", `{\rtf1{\field{\*\fldinst HYPERLINK "javascript:alert(1)"}{\fldrslt here}}}`, "here"},
		{"a field that is no link", `{\rtf1{\field{\*\fldinst DDEAUTO c:\\\\cmd.exe}{\fldrslt 1}}}`, "1"},
		{"code page", `{\rtf1\ansi\ansicpg1251 \'cf\'f0\'e8}`, "При"},
		{"code page of a font", `{\rtf1\ansi{\fonttbl{\f0\fcharset0 A;}{\f1\fcharset128 B;}}\f1\'82\'a0\f0\'e9}`, "あé"},
		{"unicode with fallback", `{\rtf1\uc2\u26085\'93\'fa x\uc0\u233 y}`, "日 xéy"},
		{"pair", `{\rtf1\uc1\u-10179?\u-8704?}`, "\U0001F600"},
		{"half of a pair", `{\rtf1\uc1\u-10179?x\u-8704?}`, "x\uFFFD"},
		{"symbols", `{\rtf1 a\~b\_c\-d\emdash\bullet\ldblquote\'93\\\{\}}`, "a\u00A0b\u2011cd—•““\\{}"},
		{"a picture", `{\rtf1 a{\pict\wmetafile8 0102}b{\*\shppict{\pict 00}}c}`, "abc"},
		{"binary", "{\\rtf1 a{\\pict\\bin4 }{}}}b}", "ab"},
		{"an object", `{\rtf1{\object\objemb{\*\objdata 0102}{\result shown}}}`, "shown"},
		{"unknown", `{\rtf1{\*\whatever <script>}\unknown7 a{\info{\title t}}}`, "a"},
		{"hidden", `{\rtf1 a{\v b}c}`, "ac"},
		{"spaces", `{\rtf1 a  b\tab c}`, "a &nbsp;b&nbsp;&nbsp;&nbsp; c"},
		{"cut off", `{\rtf1 a{\b b`, "a<b>b</b>"},
		{"too many ends", `{\rtf1 a}}}b`, "ab"},
		{"raw text of a database", "{\\rtf1 é日\xed\xa0\x80}", "é日\uFFFD"},
		{"quotes", `{\rtf1 "it's"}`, "&quot;it&#39;s&quot;"},
	} {
		t.Run(one.name, func(t *testing.T) {
			doc, err := Parse(one.src)
			if err != nil || doc.HTML() != one.html {
				t.Errorf("got  %q, %v\nwant %q", doc.HTML(), err, one.html)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	for _, one := range []struct {
		src  string
		want error
	}{
		{"", ErrNotRTF}, {"<html>", ErrNotRTF}, {`{\rtf1` + strings.Repeat("{", maxDepth), ErrTooDeep},
		{`{\rtf1 ` + strings.Repeat("a", maxSource), ErrTooLong},
	} {
		if _, err := Parse(one.src); !errors.Is(err, one.want) {
			t.Errorf("%.20q gives %v, want %v", one.src, err, one.want)
		}
	}
}

func TestLinksThatAreSafe(t *testing.T) {
	for link, safe := range map[string]bool{
		"http://a": true, "HTTPS://a.example/x?y#z": true, "mailto:a@b.c": true, "javascript:alert(1)": false, "JaVaScRiPt:x": false,
		"data:text/html,x": false, "vbscript:x": false, "file:///etc/passwd": false, "//evil.example": false, "/relative": false,
		"http://": false, "http://a\" onclick=\"x": false, "https://a\nb": false, "java\tscript:x": false, "https://" + strings.Repeat("a", maxLink): false,
		"ma-filelink:x": false, "\\\\server\\share": false, "http:opaque": false,
	} {
		if got := SafeLink(link) != ""; got != safe {
			t.Errorf("%.60q: %v", link, got)
		}
	}
}

func TestPlainText(t *testing.T) {
	d := Plain("a\r\nb\rc\x00\x1b<i>\u0085\xed\xa0\x80")
	if d.Text() != "a\nb\nc<i>\uFFFD" || d.HTML() != "a<br>b<br>c&lt;i&gt;\uFFFD" || !d.IsPlain() {
		t.Errorf("%q %q", d.Text(), d.HTML())
	}
}

// FuzzParse holds that nothing but the known elements comes out, whatever goes in.
func FuzzParse(f *testing.F) {
	f.Add(chatdata.RTF("x\n<script>"))
	f.Add(`{\rtf1{\field{\*\fldinst HYPERLINK "https://a"}{\fldrslt b}}\u-10179?\'e9{\*\x }\bin3 abc}`)
	f.Add(`{\rtf1{\colortbl;\red1;}\cf1\b\i\ul\strike a}`)
	f.Fuzz(func(t *testing.T, src string) {
		doc, err := Parse(src)
		if err != nil {
			return
		}
		html := doc.HTML()
		if len(html) > 400*len(src)+100 {
			t.Fatalf("%d bytes became %d", len(src), len(html))
		}
		checkHTML(t, html)
		for _, one := range doc.Spans {
			if clean(one.Text) != one.Text {
				t.Fatalf("a span holds %q", one.Text)
			}
		}
	})
}

// checkHTML refuses everything but the elements of the package comment.
func checkHTML(t *testing.T, html string) {
	t.Helper()
	for rest := html; ; {
		_, after, found := strings.Cut(rest, "<")
		if !found {
			break
		}
		tag, later, ended := strings.Cut(after, ">")
		if !ended {
			t.Fatalf("an element has no end: %q", html)
		}
		name, attributes, _ := strings.Cut(strings.TrimPrefix(tag, "/"), " ")
		switch {
		case attributes == "" && strings.Contains(" b i u s br a span ", " "+name+" "):
		case name == "a" && strings.HasPrefix(attributes, `href="`) && strings.Count(attributes, `"`) == 4:
		case name == "span" && strings.HasPrefix(attributes, `style="color:#`) && len(attributes) == len(`style="color:#000000"`):
		default:
			t.Fatalf("the element <%s> is none of ours: %q", tag, html)
		}
		rest = later
	}
}
