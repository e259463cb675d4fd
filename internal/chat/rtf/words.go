package rtf

// ignored are the groups whose text is no text of the document.
var ignored = map[string]bool{
	"stylesheet": true, "info": true, "header": true, "headerl": true, "headerr": true, "headerf": true, "footer": true,
	"footerl": true, "footerr": true, "footerf": true, "footnote": true, "annotation": true, "listtable": true,
	"listoverridetable": true, "revtbl": true, "rsidtbl": true, "filetbl": true, "xmlnstbl": true, "themedata": true,
	"colorschememapping": true, "datastore": true, "latentstyles": true, "generator": true, "objdata": true, "tc": true,
	"xe": true, "bkmkstart": true, "bkmkend": true, "fldtype": true, "private": true, "template": true, "nonshppict": true,
}

// symbols are the control words that stand for a character.
var symbols = map[string]rune{
	"par": '\n', "line": '\n', "sect": '\n', "page": '\n', "row": '\n', "tab": '\t', "cell": '\t', "nestcell": '\t', "emdash": '\u2014',
	"endash": '\u2013', "emspace": '\u2003', "enspace": '\u2002', "qmspace": '\u2005', "bullet": '\u2022', "lquote": '\u2018',
	"rquote": '\u2019', "ldblquote": '\u201C', "rdblquote": '\u201D', "zwj": '\u200D', "zwnj": '\u200C', "ltrmark": '\u200E',
	"rtlmark": '\u200F',
}

// word takes a control word.
func (p *parser) word(word string, n int, has bool) {
	star := p.star
	p.star = false
	if word != "u" {
		p.unit = 0
	}
	if word == "bin" {
		p.at += min(max(n, 0), len(p.src)-p.at)
		return
	}
	if p.destination(word, star) {
		return
	}
	if r, ok := symbols[word]; ok {
		p.put(r)
		return
	}
	switch p.state.into {
	case toFonts:
		p.fontWord(word, n)
	case toColors:
		p.colorWord(word, n)
	default:
		p.textWord(word, n, has)
	}
}

// destination takes a word that says where the text of its group goes.
func (p *parser) destination(word string, star bool) bool {
	into := p.state.into
	switch {
	case into == toNothing:
		return word != "u" && word != "uc"
	case word == "fonttbl":
		into = toFonts
	case word == "colortbl":
		into = toColors
	case word == "fldinst":
		into = toField
		p.field.Reset()
	case word == "pict" || word == "object":
		p.doc.Pictures++
		into = toNothing
		if word == "object" {
			into = p.state.into // its result shows it for those who do not know objects
		}
	case ignored[word] || star:
		into = toNothing
	default:
		return false
	}
	p.flushBytes()
	p.state.into = into
	return true
}

func (p *parser) fontWord(word string, n int) {
	switch word {
	case "f":
		p.inFont = n
	case "fcharset":
		if page := charsetPages[n]; page != 0 && len(p.fonts) < maxTable && p.fonts[p.inFont] == 0 {
			p.fonts[p.inFont] = page
		}
	case "cpg":
		if len(p.fonts) < maxTable {
			p.fonts[p.inFont] = n
		}
	}
}

func (p *parser) colorWord(word string, n int) {
	value := min(max(n, 0), 255)
	switch word {
	case "red":
		p.color[0] = value
	case "green":
		p.color[1] = value
	case "blue":
		p.color[2] = value
	}
}

// textWord takes a word about the text that follows.
func (p *parser) textWord(word string, n int, has bool) {
	on := !has || n != 0
	if word != "u" {
		p.flushBytes()
	}
	s := &p.state
	switch word {
	case "u":
		p.unicode(n)
	case "uc":
		s.uc = min(max(n, 0), 64)
	case "ansicpg":
		p.cpg = n
	case "mac":
		p.cpg = 10000
	case "pc":
		p.cpg = 437
	case "pca":
		p.cpg = 850
	case "f":
		s.font = n
	case "b":
		s.style.Bold = on
	case "i":
		s.style.Italic = on
	case "ul", "uld", "uldash", "uldb", "ulth", "ulw", "ulwave":
		s.style.Underline = on
	case "ulnone":
		s.style.Underline = false
	case "strike", "striked":
		s.style.Strike = on
	case "v":
		s.hidden = on
	case "cf":
		s.style.Color = ""
		if n > 0 && n < len(p.colors) {
			s.style.Color = p.colors[n]
		}
	case "plain":
		s.style, s.hidden, s.font = Style{}, false, 0
	}
}

// unicode takes a UTF-16 unit.
func (p *parser) unicode(n int) {
	unit := rune(uint16(n))
	first := p.unit
	p.unit = 0
	p.flushBytes()
	p.skip = 0
	switch {
	case unit >= 0xD800 && unit <= 0xDBFF:
		p.unit = unit
	case unit >= 0xDC00 && unit <= 0xDFFF && first != 0:
		p.put((first-0xD800)<<10 | (unit - 0xDC00) + 0x10000)
	case unit >= 0xDC00 && unit <= 0xDFFF:
		p.put('\uFFFD')
	default:
		p.put(unit)
	}
	p.skip = p.state.uc
}
