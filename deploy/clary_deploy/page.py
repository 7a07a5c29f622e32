"""The approver's page: one HTML file that needs nothing but itself.

Pure functions: what is known goes in, text comes out. Whatever comes from the
registry is text of strangers: it is escaped, and the page may load nothing and
run nothing (its Content-Security-Policy says so).

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"

STYLE = """
:root { --ink: #1f2937; --faint: #6b7280; --line: #e5e7eb; --paper: #ffffff;
  --wash: #f8fafc; --good: #15803d; --bad: #b91c1c; --blue: #1d4ed8; }
* { box-sizing: border-box; }
body { margin: 0; color: var(--ink); background: var(--wash);
  font: 15px/1.5 system-ui, "DejaVu Sans", sans-serif; }
main { max-width: 1020px; margin: 0 auto; padding: 28px 24px 48px; }
h1 { font-size: 26px; margin: 0; }
h2 { font-size: 17px; margin: 0 0 12px; }
section { background: var(--paper); border: 1px solid var(--line);
  border-radius: 8px; padding: 18px 20px; margin-top: 18px; }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; font-weight: 600; color: var(--faint); font-size: 13px; }
td, th { padding: 5px 12px 5px 0; border-bottom: 1px solid var(--line);
  vertical-align: top; overflow-wrap: anywhere; }
tr:last-child td { border-bottom: 0; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums;
  white-space: nowrap; }
code { font: 13px ui-monospace, "DejaVu Sans Mono", monospace; }
.sub { color: var(--faint); margin: 4px 0 0; }
.good { color: var(--good); font-weight: 600; }
.bad { color: var(--bad); font-weight: 600; }
.pictures { display: grid; gap: 16px;
  grid-template-columns: repeat(auto-fit, minmax(min(380px, 100%), 1fr)); }
.pictures img { width: 100%; height: auto;
  border: 1px solid var(--line); border-radius: 6px; }
.cards { display: grid; gap: 12px; margin-top: 18px;
  grid-template-columns: repeat(auto-fit, minmax(200px, 1fr)); }
.card { background: var(--paper); border: 1px solid var(--line);
  border-radius: 8px; padding: 12px 16px; }
.card b { display: block; font-size: 22px; line-height: 1.3;
  font-variant-numeric: tabular-nums; }
.card span { color: var(--faint); font-size: 13px; }
.card b.good, .card b.bad { font-weight: 700; }
.lineage { overflow-x: auto; margin-bottom: 14px; }
.lineage svg { min-width: 720px; }
.label { white-space: nowrap; color: var(--faint); width: 1%; }
ol { margin: 0; padding-left: 20px; }
svg text { font: 12px system-ui, "DejaVu Sans", sans-serif; }
"""

LOWER_IS_BETTER = ("mae", "mse", "rmse")


@dataclass(frozen=True)
class Page:
    """All that the page says."""

    project: str
    version: int
    approval: str
    made: str  # when this page was
    description: str
    metrics: Mapping[str, Any]  # name: {"value": ..., "standard_deviation"}
    live_version: int | None
    live_metrics: Mapping[str, Any]
    comparison: str  # a sentence on how the two were compared
    pictures: Mapping[str, bytes]  # name: PNG
    origin: Sequence[tuple[str, str]]
    digests: Sequence[tuple[str, str, bool | None]]  # what, value, as it was
    features: Mapping[str, Mapping[str, Any]]  # clary/baseline.json
    tests: Sequence[tuple[str, str, bool]]  # what, found, passed
    steps: Sequence[str]  # what an approval does
    graph: Sequence[Sequence[tuple[str, str]]]  # columns of (kind, what)
    warnings: Sequence[str] = field(default=())


def html(page: Page) -> str:
    title = f"{page.project}, version {page.version}"
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        '<meta name="viewport" content="width=device-width">',
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>",
        "<main>",
        f"<h1>{escape(title)}</h1>",
        f'<p class="sub">{escape(page.approval)}, as of {escape(page.made)}'
        f"{escape(_after(page.description))}</p>",
        _warnings(page.warnings),
        _cards(page),
        _metrics(page),
        _pictures(page.pictures),
        _section("Tests in QA", _tests(page.tests)),
        _section("If you approve", _steps(page.steps)),
        _section("Where it comes from", _graph(page) + _pairs(page.origin)),
        _section("Digests", _digests(page.digests)),
        _features(page.features),
        "</main></body></html>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _after(text: str) -> str:
    return f". {text}" if text else ""


def _section(title: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{body}</section>"


def _warnings(found: Sequence[str]) -> str:
    if not found:
        return ""
    items = "".join(f'<li class="bad">{escape(text)}</li>' for text in found)
    return _section("Look at this first", f"<ul>{items}</ul>")


# --- what to see at a glance


def _cards(page: Page) -> str:
    """The error, what it is against, the tests, and whether all is as it was
    registered."""
    cards = []
    error = page.metrics.get("mse")
    if error:
        own = float(error["value"])
        cards.append(_card("", f"{own:.4g}", "MSE of this version"))
        other = page.live_metrics.get("mse", {}).get("value")
        if other:
            share = 100 * (own - other) / other
            kind = "good" if own <= other else "bad"
            against = f"against live version {page.live_version}"
            cards.append(_card(kind, f"{share:+.1f} %", against))
        else:
            cards.append(_card("", "first", "no version is live"))
    passed, ran = sum(passed for _, _, passed in page.tests), len(page.tests)
    cards.append(
        _card(
            "good" if passed == ran else "bad",
            f"{passed} of {ran}",
            "in QA passed",
        )
        if ran
        else _card("bad", "none", "of its tests have run")
    )
    checked = [same for _, _, same in page.digests if same is not None]
    cards.append(
        _card("good", "as registered", "artifact and evaluation")
        if all(checked)
        else _card("bad", "changed", "artifact or evaluation")
    )
    return f'<div class="cards">{"".join(cards)}</div>'


def _card(kind: str, figure: str, what: str) -> str:
    return (
        f'<div class="card"><b class="{kind}">{escape(figure)}</b>'
        f"<span>{escape(what)}</span></div>"
    )


# --- tables


def _table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], numbers: int = 0
) -> str:
    """Cells are HTML already; the last `numbers` columns are numbers."""
    first = len(columns) - numbers

    def cells(tag: str, row: Sequence[str]) -> str:
        return "".join(
            f'<{tag} class="n">{cell}</{tag}>'
            if index >= first
            else f"<{tag}>{cell}</{tag}>"
            for index, cell in enumerate(row)
        )

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f"<table><tr>{cells('th', columns)}</tr>{body}</table>"


def _pairs(pairs: Sequence[tuple[str, str]]) -> str:
    rows = "".join(
        f'<tr><td class="label">{escape(name)}</td>'
        f"<td><code>{escape(value)}</code></td></tr>"
        for name, value in pairs
        if value
    )
    return f"<table>{rows}</table>"


def _metrics(page: Page) -> str:
    against = (
        f"live version {page.live_version}"
        if page.live_version is not None
        else "no version is live"
    )
    rows = []
    for name, metric in page.metrics.items():
        own = float(metric["value"])
        off = metric.get("standard_deviation")
        other = page.live_metrics.get(name, {}).get("value")
        rows.append(
            [
                escape(name),
                f"{own:.5g}" + (f" &plusmn; {off:.2g}" if off else ""),
                "&ndash;" if other is None else f"{float(other):.5g}",
                "&ndash;" if other is None else _change(name, own, other),
            ]
        )
    table = _table(["metric", "this version", against, "change"], rows, 3)
    note = f'<p class="sub">{escape(page.comparison)}</p>'
    return _section("Against what is live", table + note)


def _change(name: str, own: float, other: float) -> str:
    better = own < other if name in LOWER_IS_BETTER else own > other
    share = f" ({100 * (own - other) / other:+.1f} %)" if other else ""
    kind = "good" if better else "bad"
    if own == other:
        return "none"
    return f'<span class="{kind}">{own - other:+.4g}{share}</span>'


def _tests(tests: Sequence[tuple[str, str, bool]]) -> str:
    if not tests:
        return '<p class="bad">It has not been tested.</p>'
    rows = [
        [
            escape(name),
            escape(found),
            '<span class="good">passed</span>'
            if passed
            else '<span class="bad">FAILED</span>',
        ]
        for name, found, passed in tests
    ]
    return _table(["test", "found", ""], rows)


def _steps(steps: Sequence[str]) -> str:
    items = "".join(f"<li>{escape(text)}</li>" for text in steps)
    return f"<ol>{items}</ol>"


def _digests(rows: Sequence[tuple[str, str, bool | None]]) -> str:
    verdicts = {
        None: "",
        True: '<span class="good">as registered</span>',
        False: '<span class="bad">not as registered</span>',
    }
    return _table(
        ["what", "SHA-256", ""],
        [
            [escape(name), f"<code>{escape(value)}</code>", verdicts[same]]
            for name, value, same in rows
        ],
    )


def _features(features: Mapping[str, Mapping[str, Any]]) -> str:
    if not features:
        return ""
    rows = []
    for name, about in features.items():
        middle = about.get("quantiles", {}).get("0.5")
        numbers = [
            about.get("min"),
            middle,
            about.get("mean"),
            about.get("max"),
        ]
        rows.append(
            [
                escape(name),
                *("&ndash;" if n is None else f"{n:.5g}" for n in numbers),
                f"{100 * about.get('missing_rate', 0):.3g} %",
            ]
        )
    columns = ["feature", "least", "median", "mean", "most", "missing"]
    return _section("Data it was trained on", _table(columns, rows, 5))


# --- pictures


def _pictures(pictures: Mapping[str, bytes]) -> str:
    if not pictures:
        return ""
    images = "".join(
        f'<img alt="{escape(name)}" src="data:image/png;base64,'
        f'{base64.b64encode(content).decode()}">'
        for name, content in pictures.items()
    )
    return _section("Errors", f'<div class="pictures">{images}</div>')


BOX_WIDTH, BOX_HEIGHT, GAP_X, GAP_Y = 172, 46, 30, 14
LETTERS = 21  # of a box's second line


def _graph(page: Page) -> str:
    """Columns of boxes from left to right, each box joined with all of the
    next column, but for the image; what is not yet (a kind with a question
    mark) is dashed."""
    columns = [column for column in page.graph if column]
    tallest = max((len(column) for column in columns), default=0)
    if not tallest:
        return ""
    width = len(columns) * (BOX_WIDTH + GAP_X) - GAP_X + 2
    height = tallest * (BOX_HEIGHT + GAP_Y) - GAP_Y + 2
    boxes, lines = [], []
    before: list[tuple[float, float]] = []
    for index, column in enumerate(columns):
        x = 1.0 + index * (BOX_WIDTH + GAP_X)
        tall = len(column) * (BOX_HEIGHT + GAP_Y) - GAP_Y
        top = 1 + (height - 2 - tall) / 2
        ends = []
        for row, (kind, what) in enumerate(column):
            y = top + row * (BOX_HEIGHT + GAP_Y)
            middle = y + BOX_HEIGHT / 2
            lines += [
                f'<path d="M{a:.0f} {b:.0f} C{a + 16:.0f} {b:.0f} '
                f'{x - 16:.0f} {middle:.0f} {x:.0f} {middle:.0f}"/>'
                for a, b in before
                if kind != "image"  # which comes from nothing before it
            ]
            boxes.append(_box(x, y, kind, what))
            ends.append((x + BOX_WIDTH, middle))
        before = ends
    return (
        f'<div class="lineage"><svg viewBox="0 0 {width} {height}" '
        f'width="{width}" style="max-width:100%" role="img" '
        f'aria-label="lineage">'
        f'<g fill="none" stroke="#9ca3af">{"".join(lines)}</g>'
        f"{''.join(boxes)}</svg></div>"
    )


def _box(x: float, y: float, kind: str, what: str) -> str:
    dashed = ' stroke-dasharray="5 4"' if kind.endswith("?") else ""
    short = _short(what.rpartition("@sha256:")[2])
    return (
        f'<g><title>{escape(what)}</title><rect x="{x:.0f}" y="{y:.0f}" '
        f'width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="6" fill="#eff6ff" '
        f'stroke="#1d4ed8"{dashed}/>'
        f'<text x="{x + 10:.0f}" y="{y + 18:.0f}" fill="#6b7280">'
        f"{escape(kind)}</text>"
        f'<text x="{x + 10:.0f}" y="{y + 36:.0f}" fill="#1f2937">'
        f"{escape(short)}</text></g>"
    )


def _short(what: str) -> str:
    """Of a digest its beginning, by which people know it; of anything else its
    end."""
    if len(what) <= LETTERS:
        return what
    if len(what) == 64 and "/" not in what:
        return f"{what[: LETTERS - 9]}…"
    return f"…{what[1 - LETTERS :]}"
