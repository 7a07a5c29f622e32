"""Runs a command of the program to its end.

SPDX-License-Identifier: Apache-2.0
"""
import subprocess

from contract.server import CLARY, clean_environment


def clary(*words, stdin="", settings=None, program=CLARY, **options):
    return subprocess.run(
        [program, *words],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        env=clean_environment(settings),
        **options,
    )
