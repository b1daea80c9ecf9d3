"""The page of a text holds every symbol of it, in order, and nothing that a text says becomes markup."""

from html.parser import HTMLParser
from math import log

from ar_lab.report.surprisal import SHADES, Symbol, save_surprisal

TEXT = "a<b>&amp;\"q\" 'x'\n</script><é\t\x07"


class Read(HTMLParser):
    def __init__(self):
        super().__init__()
        self.inside, self.text, self.marks = False, "", []

    def handle_starttag(self, tag, attrs):
        self.inside |= tag == "main"
        if self.inside and tag != "main":
            self.marks.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        self.inside &= tag != "main"

    def handle_data(self, data):
        self.text += data if self.inside else ""


def read(tmp_path, symbols) -> Read:
    save_surprisal(symbols, "a <title>", tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "http" not in page
    assert "<h1>a &lt;title&gt;</h1>" in page
    parser = Read()
    parser.feed(page)
    return parser


def test_the_text_is_there_symbol_by_symbol(tmp_path):
    found = read(tmp_path, [Symbol(symbol, 1.0, [("<", 0.5)]) for symbol in TEXT])
    assert found.text == TEXT.replace("\x07", "\\x07")
    assert [tag for tag, _ in found.marks] == ["b"] * len(TEXT)
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert all(f'">{name}</b>' in page for name in ("&lt;", "&gt;", "&amp;", "&quot;"))


def test_a_tooltip_says_the_bits_and_what_was_likelier(tmp_path):
    found = read(tmp_path, [Symbol('"', 3 * log(2), [(" ", 0.5), ("<", 0.25)])])
    said = found.marks[0][1]["title"]
    assert said == "'\"': 3.00 bits, probability 12.5 %; likeliest: ' ' 50.0 %, '<' 25.0 %"


def test_shades_count_bits_up_to_the_last(tmp_path):
    found = read(tmp_path, [Symbol("x", bits * log(2), []) for bits in (0.0, 2.2, 100.0, float("inf"))])
    assert [mark["class"] for _, mark in found.marks] == ["b0", "b2", f"b{SHADES}", f"b{SHADES}"]
