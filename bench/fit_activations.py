"""fit_activations.py: the polynomials of src/kernel/activations.h.

Fits each function to the least maximal error (Lawson's iteration), then rounds
the coefficients to float32 one after the other, the lowest first, each time
fitting the rest again to what rounding left over. Needs mpmath; prints, for
each, the coefficients as C writes floats and the error that is left.

SPDX-License-Identifier: Apache-2.0
"""
import struct

from mpmath import erf, erfc, exp, expm1, linspace, log, log1p, lu_solve, \
    matrix, mp, mpf, tanh

mp.prec = 200
GRID = 150
ROUNDS = 40


def to_float(x):
    return mpf(struct.unpack("f", struct.pack("f", float(x)))[0])


def least(f, weight, low, high, powers):
    """The first coefficient of sum c[i] t^powers[i] ~ f on [low, high]."""
    n = len(powers)
    grid = [low + (high - low) * (1 - mp.cos(mp.pi * (i + 0.5) / GRID)) / 2
            for i in range(GRID)]
    scale = [weight(t) for t in grid]
    basis = [[t ** p * s for p in powers] for t, s in zip(grid, scale)]
    target = [f(t) * s for t, s in zip(grid, scale)]
    share = [mpf(1) / GRID] * GRID
    for _ in range(ROUNDS):
        left = matrix(n, n)
        right = matrix(n, 1)
        for row, y, w in zip(basis, target, share):
            for i in range(n):
                right[i] += w * row[i] * y
                for j in range(n):
                    left[i, j] += w * row[i] * row[j]
        found = lu_solve(left, right)
        error = [abs(sum(found[i] * row[i] for i in range(n)) - y)
                 for row, y in zip(basis, target)]
        share = [w * e for w, e in zip(share, error)]
        total = sum(share)
        share = [w / total for w in share]
    return found[0]


def fit(name, f, weight, low, high, powers):
    """Prints coefficients of t^powers, rounded to float32."""
    fixed = []
    for i in range(len(powers)):
        def rest(t, done=tuple(fixed)):
            return f(t) - sum(c * t ** p for c, p in zip(done, powers))
        fixed.append(to_float(least(rest, weight, low, high, powers[i:])))
    error = max(abs((sum(c * t ** p for c, p in zip(fixed, powers)) - f(t))
                    * weight(t))
                for t in linspace(low, high, 4001) if t != 0)
    print(f"{name}: error {float(error):.2g} = 2^{float(log(error, 2)):.1f}")
    for power, c in zip(powers, fixed):
        print(f"    t^{power}: {float(c).hex()}f")


if __name__ == "__main__":
    half = log(mpf(2)) / 2 + mpf("0.001")
    # e^t = 1 + t + t^2 q(t)
    fit("exp", lambda t: (expm1(t) - t) / t ** 2, lambda t: t ** 2 / exp(t),
        -half, half, [0, 1, 2, 3, 4])
    # the same for expm1, whose result may be as small as t
    fit("expm1", lambda t: (expm1(t) - t) / t ** 2, lambda t: t ** 2 / expm1(t),
        -half, half, [0, 1, 2, 3, 4, 5])
    # tanh t = t + t^3 q(t^2)
    limit = mpf("0.5625")
    fit("tanh", lambda s: (tanh(s ** 0.5) / s ** 0.5 - 1) / s,
        lambda s: s / (tanh(s ** 0.5) / s ** 0.5), mpf("1e-9"), limit ** 2,
        [0, 1, 2, 3, 4])
    # log1p t = t - t^2 / 2 + t^3 q(t)
    fit("log", lambda t: (log1p(t) - t + t ** 2 / 2) / t ** 3,
        lambda t: t ** 3 / log1p(t), mpf(-1) / 3, mpf(1) / 3,
        [0, 1, 2, 3, 4, 5, 6, 7])
    # erf t = t + t q(t^2) for small t
    fit("erf, small", lambda s: erf(s ** 0.5) / s ** 0.5 - 1,
        lambda s: s ** 0.5 / erf(s ** 0.5), mpf("1e-9"), mpf(0.9375) ** 2,
        [0, 1, 2, 3, 4, 5, 6])
    # erf t = 1 - e^(t q(t)) for large t
    fit("erf, large", lambda t: log(erfc(t)) / t,
        lambda t: t * erfc(t) / erf(t), mpf(0.9375), mpf(4),
        [0, 1, 2, 3, 4, 5, 6, 7])
