"""Draws figures, lets Chromium lay out their text, and checks that none leaves the canvas or covers another.

    text_test.py PROGRAM

Every figure is looked at in the fonts that it asks for, as far as they are here, and in DejaVu, which is wider than
what usually stands in for them.
"""

import html
import json
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import fetch_model  # noqa: E402

MARY = "When Mary and John went to the store, John gave a drink to"
LONG = (
    "The old lighthouse keeper, who had lived alone on the island since the storm of 1893, climbed the spiral stairs "
    "every evening at dusk to light the great lamp, and although his knees ached and the wind howled, he never once "
    "forgot, for he remembered the ship that had been lost, and every night he thought of the"
)
SCRIPTS = "שלום עולם، مرحبا बिल्ली 日本語 👩‍👩‍👧 e\u0301\u0301 \u202e<b>&amp;\u00a0\t\n\n\n\n\n ﷽ 𒐫 the"
FIGURES = {
    "a route": ["explain", MARY],
    "a route for a paper": ["explain", MARY, "--width", "340", "--theme", "dark"],
    "a route for a slide": ["explain", MARY, "--width", "1000"],
    "a route of few edges": ["explain", MARY, "--threshold", "0.1"],
    "a route with every edge": ["explain", MARY, "--threshold", "0.02", "--min-flow", "0"],
    "the narrowest route": ["explain", MARY, "--width", "240"],
    "a route of an earlier token": ["explain", MARY, "--token", "0"],
    "a long prompt": ["explain", LONG],
    "a long prompt with every edge": ["explain", LONG, "--min-flow", "0", "--width", "500"],
    "all kinds of scripts": ["explain", SCRIPTS, "--min-flow", "0"],
    "a lens": ["lens", MARY],
    "a lens for a paper": ["lens", MARY, "--width", "340"],
    "a lens of few positions": ["lens", MARY, "--token", "1,-1"],
    "a lens of all kinds of scripts": ["lens", SCRIPTS, "--width", "2000"],
    "maps of a head": ["attention", MARY, "--head", "23.0"],
    "maps of a head for a paper": ["attention", MARY, "--head", "23.0", "--width", "340"],
    "maps of a head and a long prompt": ["attention", LONG, "--head", "23.0"],
    "maps of a head and all kinds of scripts": ["attention", SCRIPTS, "--head", "23.0"],
    "tiles of heads": ["attention", MARY, "--layer", "23"],
    "the narrowest tiles": ["attention", SCRIPTS, "--layer", "0,23", "--width", "240"],
    "the narrowest lens": ["lens", MARY, "--width", "240"],
}
STYLE = """
body { margin: 0 }
.dejavu svg, .dejavu text { font-family: 'DejaVu Sans' !important }
.dejavu [font-family*=Mono] { font-family: 'DejaVu Sans Mono' !important }
"""
# Of each text the box around its letters: as long as it is, as high as capitals with their descenders.
MEASURE = """
const measure = svg => {
  const canvas = svg.getBoundingClientRect();
  const texts = [...svg.querySelectorAll('text')].map(text => {
    const box = text.getBoundingClientRect(), half = 0.36 * parseFloat(text.getAttribute('font-size'));
    const upward = text.hasAttribute('transform');
    const x = (box.left + box.right) / 2 - canvas.left, y = (box.top + box.bottom) / 2 - canvas.top;
    const across = upward ? half : box.width / 2, along = upward ? box.height / 2 : half;
    return {text: text.textContent, left: x - across, right: x + across, top: y - along, bottom: y + along};
  });
  return {width: canvas.width, height: canvas.height, texts};
};
const result = document.createElement('pre');
result.id = 'result';
result.textContent = JSON.stringify([...document.querySelectorAll('svg')].map(measure));
document.body.append(result);
"""
ROUNDING = 0.5  # px


def measure(figures: list[tuple[str, str]]) -> list[dict]:
    """Of each (SVG, class): its size and the boxes of its texts."""
    drawings = (re.sub(r"^<\?xml.*?\?>", "", svg) for svg, _ in figures)
    body = "".join(f'<div class="{style}">{svg}</div>' for svg, (_, style) in zip(drawings, figures))
    page = f"<!DOCTYPE html><meta charset=utf-8><style>{STYLE}</style><body>{body}<script>{MEASURE}</script>"
    with tempfile.TemporaryDirectory(prefix="limpid-figures-") as folder:
        path = Path(folder, "page.html")
        path.write_text(page, encoding="utf-8")
        command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/profile"]
        done = subprocess.run(
            [*command, "--dump-dom", path.as_uri()], capture_output=True, text=True, timeout=300, check=True
        )
    return json.loads(html.unescape(re.search(r'<pre id="result">(.*?)</pre>', done.stdout, re.DOTALL)[1]))


def problems(measured: dict) -> list[str]:
    texts = [t for t in measured["texts"] if t["right"] > t["left"]]
    out = [
        f"{t['text']!r} leaves the canvas: {t}"
        for t in texts
        if min(t["left"], t["top"]) < -ROUNDING
        or t["right"] > measured["width"] + ROUNDING
        or t["bottom"] > measured["height"] + ROUNDING
    ]
    for i, a in enumerate(texts):
        for b in texts[:i]:
            wide = min(a["right"], b["right"]) - max(a["left"], b["left"])
            high = min(a["bottom"], b["bottom"]) - max(a["top"], b["top"])
            if wide > ROUNDING and high > ROUNDING:
                out.append(f"{a['text']!r} and {b['text']!r} overlap: {a} {b}")
    return out


class FigureTextTest(unittest.TestCase):
    def test_the_check_finds_what_is_wrong(self):
        def draw(*texts):
            inside = "".join(f'<text x="{x}" y="{y}" font-size="10">abc</text>' for x, y in texts)
            return f'<svg xmlns="http://www.w3.org/2000/svg" width="100" height="50">{inside}</svg>'

        good = draw((10, 20), (50, 20), (10, 40))
        found = [problems(m) for m in measure([(good, ""), (draw((10, 20), (15, 20)), ""), (draw((95, 20)), "")])]
        self.assertEqual(found[0], [])
        self.assertIn("overlap", "".join(found[1]))
        self.assertIn("leaves", "".join(found[2]))

    def test_no_text_leaves_the_canvas_or_covers_another(self):
        model = fetch_model.model_path(fetch_model.load_pin(), fetch_model.data_dir())
        self.assertTrue(model.is_file(), f"{model} is missing: run `make model`")
        cases, drawings = [], []
        for name, (verb, *rest) in FIGURES.items():
            done = subprocess.run([PROGRAM, verb, model, *rest, "--svg", "-"], capture_output=True, check=True)
            for style in ("", "dejavu"):
                cases.append((name, style))
                drawings.append((done.stdout.decode(), style))
        for (name, style), measured in zip(cases, measure(drawings), strict=True):
            with self.subTest(name, style=style):
                self.assertGreater(len(measured["texts"]), 10)
                self.assertEqual(problems(measured)[:5], [])


if __name__ == "__main__":
    PROGRAM = Path(sys.argv.pop(1)).resolve()
    unittest.main()
