"""surprisal.html: a text colored by what every symbol cost, one page that opens offline."""

from collections.abc import Sequence
from html import escape
from math import log
from pathlib import Path
from typing import NamedTuple

import numpy as np

SHADES = 12  # one a bit, the last for all above
STRONGEST = 0.78  # opacity of the last shade, through which text is still read


class Symbol(NamedTuple):
    """A symbol of the text, its nats, and the likeliest symbols in its place with their probabilities."""

    text: str
    nats: float
    likeliest: list[tuple[str, float]]


def save_surprisal(symbols: Sequence[Symbol], title: str, path: Path) -> None:
    """Writes the page; the text is in it symbol by symbol, in order."""
    total = sum(symbol.nats for symbol in symbols) / log(2)
    facts = f"{len(symbols):,} symbols, {total:,.0f} bits, {total / max(len(symbols), 1):.3f} bits each"
    legend = "".join(f'<i class="b{k}">{k}{"+" if k == SHADES else ""}</i>' for k in range(SHADES + 1))
    page = PAGE.format(
        title=escape(title), shades=_shades(), facts=facts, legend=legend, text="".join(map(_span, symbols))
    )
    path.write_text(page, encoding="utf-8")


def shown(symbol: str) -> str:
    """A symbol as a page can hold it: what does not print as its escape, such as \\x07."""
    if symbol in "\n\t" or symbol.isprintable():
        return symbol
    return symbol.encode("unicode_escape", "surrogatepass").decode("ascii")


def _span(symbol: Symbol) -> str:
    bits = symbol.nats / log(2)
    tooltip = f"{symbol.text!r}: {bits:.2f} bits, probability {_percent(np.exp(-symbol.nats))}"
    if symbol.likeliest:
        tooltip += "; likeliest: " + ", ".join(f"{text!r} {_percent(p)}" for text, p in symbol.likeliest)
    shade = int(np.clip(np.round(bits), 0, SHADES)) if np.isfinite(bits) else SHADES
    line = " n" if symbol.text == "\n" else ""
    return f'<b class="b{shade}{line}" title="{escape(tooltip)}">{escape(shown(symbol.text))}</b>'


def _percent(p: float) -> str:
    return f"{100 * p:.1f} %" if p >= 0.001 else f"{100 * p:.1g} %"


def _shades() -> str:
    strengths = STRONGEST * np.arange(SHADES + 1) / SHADES
    return "\n".join(f".b{k} {{ background: rgb(232 93 4 / {s:.3f}) }}" for k, s in enumerate(strengths))


PAGE = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --page: #fff; --ink: #111; --faint: #667 }}
@media (prefers-color-scheme: dark) {{ :root {{ --page: #15171b; --ink: #eee; --faint: #9aa }} }}
body {{ background: var(--page); color: var(--ink); max-width: 60rem; margin: 1rem auto; padding: 0 1rem;
  font: 16px/1.7 system-ui, sans-serif }}
header {{ position: sticky; top: 0; background: var(--page); border-bottom: 1px solid var(--faint);
  padding: .4rem 0 }}
h1 {{ font-size: 1.1rem; margin: 0 }}
output {{ display: block; min-height: 1.7em; color: var(--faint); white-space: pre-wrap }}
i {{ font-style: normal; padding: 0 .5em }}
main {{ font-family: ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; margin-top: 1rem }}
main b {{ font-weight: normal; border-radius: 2px }}
main b:hover {{ outline: 1px solid var(--ink) }}
.n::before {{ content: "\\21b5"; color: var(--faint) }}
{shades}
</style>
<header>
<h1>{title}</h1>
<div>{facts}. Bits of a symbol given all before it: {legend}</div>
<output>Point at a symbol.</output>
</header>
<main>{text}</main>
<script>
const said = document.querySelector("output");
document.querySelector("main").addEventListener("mouseover", ({{ target }}) => {{
  if (target.title) said.textContent = target.title;
}});
</script>
</html>
"""
