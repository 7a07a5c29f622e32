"""What a core serves, and what that costs: the tables of deploy/sizing.md, out
of what bench/peers/run.py measured.

    python3 bench/sizing.py                   bench/results/peers.json ->
                                              deploy/sizing.md
    python3 bench/sizing.py ml.c7i.large=2,0.107 ...
                                              prints the costs on other
                                              instances: NAME=VCPUS,USD

It is the CPU time of the servers themselves that counts, so that neither the
client nor other work on the machine does. An instance's vCPU is taken for one
of the machine that was measured, and to be busy all the time.

SPDX-License-Identifier: Apache-2.0
"""
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
RESULTS = ROOT / "bench/results/peers.json"
NOTE = ROOT / "deploy/sizing.md"
BEGIN, END = "<!-- by bench/sizing.py -->", "<!-- until here -->"

ROWS = (1, 100, 10000)
ROWS_PRICED = (1, 100)
MODELS = {"mlp": "8-64-64-1 net", "forest": "100 trees of depth 6"}

# name: (vCPUs, USD an hour); deploy/sizing.md says whence
INSTANCES = {"ml.m5.large": (2, 0.115), "ml.m5.xlarge": (4, 0.23),
             "ml.c5.xlarge": (4, 0.204)}


def rates(results):
    """{(model, server, rows a request): rows for each second of CPU time}."""
    found = {}
    for model, servers in results["models"].items():
        for server, measured in servers.items():
            for rows in ROWS:
                spent = measured["closed"][f"{rows} rows, 1 connections"]
                if spent.get("cpu_us"):
                    found[model, server, rows] = rows / spent["cpu_us"] * 1e6
    return found


def table(heads, lines):
    yield "| " + " | ".join(heads) + " |"
    yield "|---|" + "---:|" * (len(heads) - 1)
    for line in lines:
        yield "| " + " | ".join(line) + " |"


def served(found, model):
    heads = [MODELS[model], *(f"{rows:,} row{'s'[:rows > 1]} a request"
                              for rows in ROWS)]
    yield from table(heads, (
        [server, *(f"{found[model, server, rows]:,.0f}"
                   if (model, server, rows) in found else "none"
                   for rows in ROWS)]
        for server in servers_of(found, model)
    ))


def cost(rate, vcpus, price):
    """USD for a billion rows."""
    return price / 3600 / vcpus / rate * 1e9


def costs(found, model, instances):
    heads = [MODELS[model], *(
        f"{name}, {rows} row{'s'[:rows > 1]} a request"
        for name in instances for rows in ROWS_PRICED
    )]
    yield from table(heads, (
        [server, *(
            f"{cost(found[model, server, rows], *instances[name]):,.2f}"
            if (model, server, rows) in found else "none"
            for name in instances for rows in ROWS_PRICED
        )]
        for server in servers_of(found, model)
    ))


def servers_of(found, model):
    return dict.fromkeys(s for m, s, _ in found if m == model)


def priced(found, instances):
    for model in MODELS:
        yield ""
        yield from costs(found, model, instances)


def block(results):
    """What stands between the marks of deploy/sizing.md."""
    found = rates(results)
    lines = [f"Measured on {results['cpu']}, {results['cores']} cores.", "",
             "Rows for each second of CPU time:"]
    for model in MODELS:
        lines += ["", *served(found, model)]
    lines += ["", "USD for a billion predictions:"]
    lines += priced(found, INSTANCES)
    half = found["mlp", "clary", 1] * 2 * INSTANCES["ml.m5.large"][0] / 2
    lines += ["", "Two `ml.m5.large` with clary, the least that production "
              "should have, take", f"{half:,.0f} one-row requests a second of "
              "the net at half load."]
    return "\n".join(lines)


def renewed(text, results):
    """The note with its block as `results` have it."""
    before, _, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise SystemExit(f"{NOTE} has no {BEGIN} ... {END}")
    return f"{before}{BEGIN}\n{block(results)}\n{END}{after}"


def instance(said):
    name, _, numbers = said.partition("=")
    vcpus, _, price = numbers.partition(",")
    try:
        return name, (int(vcpus), float(price))
    except ValueError:
        raise SystemExit(f"{said}: NAME=VCPUS,USD is wanted") from None


def main():
    if not RESULTS.exists():
        raise SystemExit(f"{RESULTS} is not there: make bench-peers")
    results = json.loads(RESULTS.read_text())
    if sys.argv[1:]:
        own = dict(map(instance, sys.argv[1:]))
        print("\n".join(priced(rates(results), own)))
    else:
        NOTE.write_text(renewed(NOTE.read_text(), results))


if __name__ == "__main__":
    main()
