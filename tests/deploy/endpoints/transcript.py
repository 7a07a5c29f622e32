"""What was typed and what was printed, for deploy/README.md.

SPDX-License-Identifier: Apache-2.0
"""

import re

BEGIN = "<!-- walkthrough: written by tests/deploy/endpoints/test_road.py -->\n"
END = "<!-- walkthrough ends -->\n"


class Transcript:
    """Sentences, and commands with their output, in the order they came."""

    def __init__(self):
        self.parts = []

    def say(self, text):
        self.parts.append(f"{text}\n")

    def command(self, typed, printed, code=0):
        """A command as a person types it; the exit code when it is not 0."""
        text = re.sub(r" +$", "", printed.rstrip(), flags=re.MULTILINE)
        told = f"\n$ echo $?\n{code}" if code else ""
        self.parts.append(f"```console\n$ {typed}\n{text}{told}\n```\n")

    def text(self):
        return "\n".join(self.parts)


def masked(text):
    """Without what differs from one run to the next: digests, times, and
    measurements (all that has a decimal point), with the spaces that align
    them. Counts, versions and statuses stay."""
    text = re.sub(r"\b[0-9a-f]{8,64}\b(\.\.\.)?", "#", text)
    text = re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\dZ)?", "TIME", text)
    text = re.sub(r"\d+\.\d+(e-?\d+)?", "N", text)
    return re.sub(r"[ -]+", " ", text)


def section(readme):
    """What stands between the markers."""
    begin = readme.index(BEGIN) + len(BEGIN)
    return readme[begin : readme.index(END)]


def replaced(readme, text):
    """The README with another walkthrough."""
    return readme.replace(BEGIN + section(readme) + END, BEGIN + text + END)
