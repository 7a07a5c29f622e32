"""Request bodies: pure functions, configuration in, dict out.

One module a service. They read no clock, no environment and no file, so what
`--dry-run` prints, what the tests validate against the service model and what
is sent are the same.

SPDX-License-Identifier: Apache-2.0
"""
