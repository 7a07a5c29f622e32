"""The library behind claryctl; README.md beside this file has its conventions.

SPDX-License-Identifier: Apache-2.0
"""
