"""Draws what bench/peers/run.py measured: SVG, no other files, no packages.

    python3 bench/peers/pictures.py      bench/results/peers.json ->
                                         bench/results/{throughput,latency,
                                         cost}.svg

All axes of rates, times and money are logarithmic. A billion predictions cost
what an endpoint on INSTANCE takes for them at the rate measured here, fully
loaded; other machines have other prices and rates, but the ratios of the bars
are those of the rates. deploy/sizing.md counts the servers' CPU time alone.

SPDX-License-Identifier: Apache-2.0
"""
import html
import json
import math
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from sizing import INSTANCES  # noqa: E402

RESULTS = pathlib.Path(__file__).resolve().parents[1] / "results"
INSTANCE = "ml.m5.large"
PRICE = INSTANCES[INSTANCE][1] / INSTANCES[INSTANCE][0]  # USD a core and hour
COLOURS = ["#0b6e4f", "#c8553d", "#588b8b", "#f2a541", "#6d597a"]
MODELS = {"mlp": "8-64-64-1 network (SavedModel)",
          "forest": "100 trees of depth 6 (XGBoost)"}
WIDTH, LABELS, BAR, GAP = 900, 262, 15, 3
CURVE_HEIGHT = 260
PERCENTILES = ["50", "90", "99", "99.9", "100"]


class Picture:
    def __init__(self, title, height):
        self.height = height
        self.parts = []
        self.text(12, 24, title, size=16, weight="bold")

    def add(self, tag, text=None, **attributes):
        names = " ".join(
            f'{name.replace("_", "-")}="{value}"'
            for name, value in attributes.items()
        )
        body = "/>" if text is None else f">{html.escape(text)}</{tag}>"
        self.parts.append(f"<{tag} {names}{body}")

    def text(self, x, y, text, size=12, anchor="start", weight="normal",
             fill="#222"):
        self.add("text", text, x=f"{x:.1f}", y=f"{y:.1f}", font_size=size,
                 text_anchor=anchor, font_weight=weight, fill=fill)

    def line(self, x1, y1, x2, y2, colour="#ddd"):
        self.add("line", x1=f"{x1:.1f}", y1=f"{y1:.1f}", x2=f"{x2:.1f}",
                 y2=f"{y2:.1f}", stroke=colour)

    def write(self, path):
        head = (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" '
                f'height="{self.height}" viewBox="0 0 {WIDTH} {self.height}" '
                'font-family="system-ui, sans-serif">')
        back = '<rect width="100%" height="100%" fill="#fff"/>'
        path.write_text("\n".join([head, back, *self.parts, "</svg>", ""]))


class Log:
    """From a value to a place on an axis of whole decades."""

    def __init__(self, values, start, length):
        found = [v for v in values if v]
        self.low = math.floor(math.log10(min(found)))
        self.high = max(math.ceil(math.log10(max(found))), self.low + 1)
        self.start, self.length = start, length

    def __call__(self, value):
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return self.start + share * self.length

    def decades(self):
        return [10**e for e in range(self.low, self.high + 1)]


def short(value):
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= limit:
            return f"{value / limit:.3g} {unit}"
    return f"{value:.3g}"


def bars(title, groups, unit, path):
    """groups: {heading: {name: value; 0: none}}."""
    names = len(next(iter(groups.values())))
    step = 26 + names * (BAR + GAP)
    picture = Picture(title, 66 + step * len(groups))
    values = [v for group in groups.values() for v in group.values()]
    axis = Log(values, LABELS, WIDTH - LABELS - 90)
    bottom = 46 + step * len(groups)
    for decade in axis.decades():
        picture.line(axis(decade), 36, axis(decade), bottom)
        picture.text(axis(decade), bottom + 14, short(decade), 10, "middle",
                     fill="#666")
    y = 40
    for heading, group in groups.items():
        picture.text(12, y + 12, heading, weight="bold")
        y += 18
        best = max if unit != "USD" else lambda v: min(x for x in v if x)
        ours = best(group.values())
        for colour, (name, value) in zip(COLOURS, group.items()):
            picture.text(LABELS - 6, y + BAR - 3, name, 11, "end")
            if value:
                picture.add("rect", x=LABELS, y=y, height=BAR, fill=colour,
                            width=f"{max(axis(value) - LABELS, 2):.1f}")
                ratio = max(value, ours) / min(value, ours)
                told = f"{short(value)} {unit}"
                if value != ours:
                    told += f"  ({ratio:.3g}x)"
            else:
                told = "none answered"
            x = axis(value) if value else LABELS
            picture.text(x + 5, y + BAR - 3, told, 11, fill="#444")
            y += BAR + GAP
        y += 8
    picture.write(path)


def curves(title, groups, path):
    """groups: {heading: {name: {percentile: us or None}}}."""
    picture = Picture(title, 60 + (CURVE_HEIGHT + 60) * len(groups))
    places = {p: 80 + i * (WIDTH - 380) / (len(PERCENTILES) - 1)
              for i, p in enumerate(PERCENTILES)}
    top = 50
    for heading, group in groups.items():
        picture.text(12, top, heading, weight="bold")
        top += 14
        values = [us for curve in group.values() for us in curve.values()]
        axis = Log(values, top + CURVE_HEIGHT, -CURVE_HEIGHT)
        for decade in axis.decades():
            picture.line(70, axis(decade), WIDTH - 290, axis(decade))
            picture.text(64, axis(decade) + 4, f"{short(decade)}", 10, "end",
                         fill="#666")
        for percentile, x in places.items():
            picture.text(x, top + CURVE_HEIGHT + 16, f"{percentile} %", 10,
                         "middle", fill="#666")
        for i, (colour, (name, curve)) in enumerate(zip(COLOURS,
                                                        group.items())):
            points = [f"{places[p]:.1f},{axis(curve[p]):.1f}"
                      for p in PERCENTILES if curve.get(p)]
            picture.add("polyline", points=" ".join(points), fill="none",
                        stroke=colour, stroke_width=2.5)
            y = top + 12 + i * 20
            picture.add("rect", x=WIDTH - 280, y=y - 9, width=12, height=10,
                        fill=colour)
            picture.text(WIDTH - 263, y, name, 11)
        top += CURVE_HEIGHT + 46
    picture.write(path)


def rows_per_s(server, rows):
    """The most that any number of connections got."""
    return rows * max(it["requests_per_s"]
                      for key, it in server["closed"].items()
                      if key.startswith(f"{rows} rows,"))


def main():
    results = json.loads((RESULTS / "peers.json").read_text())
    rates, costs, times = {}, {}, {}
    for model, servers in results["models"].items():
        for rows in (1, 100, 10000):
            heading = (f"{MODELS[model]}: {rows:,} "
                       f"row{'s'[:rows > 1]} a request")
            rates[heading] = {name: rows_per_s(server, rows)
                              for name, server in servers.items()}
            costs[heading] = {
                name: rate and PRICE * results["cores"] / 3600 / rate * 1e9
                for name, rate in rates[heading].items()
            }
        times[MODELS[model]] = {
            name: server["open"]["100 a second"]["us"]
            for name, server in servers.items()
        }
    where = f"{results['cpu']}, {results['cores']} cores"
    bars(f"Predictions a second ({where})", rates, "/s",
         RESULTS / "throughput.svg")
    bars(f"USD for a billion predictions, on {INSTANCE}",
         costs, "USD", RESULTS / "cost.svg")
    curves(f"Latency in us, one row, 100 requests a second ({where})", times,
           RESULTS / "latency.svg")


if __name__ == "__main__":
    main()
