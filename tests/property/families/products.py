"""Einsum, determinants and Fourier transforms."""

from __future__ import annotations

from typing import Callable

import numpy as np

from property.case import Case, single
from property.draw import Draw

_EQUATIONS = [
    "ij,jk->ik",
    "bij,bjk->bik",
    "bhqd,bhkd->bhqk",
    "bhqk,bhkd->bhqd",
    "bqhd,bkhd->bhqk",
    "bhqk,bkhd->bqhd",
    "bhwc,hkc->bhwk",
    "nctkv,kvw->nctw",
    "ij->ji",
    "ij->j",
    "ij->",
    "ii->i",
    "ii",
    "bii->bi",
    "i,j->ij",
    "ij,ij->ij",
    "i,i->",
    "ij,jk,kl->il",
    "a,ab,b->",
    "...ij,...jk->...ik",
    "...ij->...ji",
    "b...d,d->b...",
    "ij,jk",
    "abcd,abed->abce",
    "bnij,bnjk->nbik",
]


def _einsum(d: Draw) -> Case:
    opset = d.opset("Einsum")
    dtype = d.dtype("Einsum", opset, only=(np.float32, np.float16, np.int32))
    equation = d.choice(_EQUATIONS)
    ellipsis = d.shape(0, 2, size=3)
    sizes = {letter: d.integer(1, 5) for letter in "abcdefghijklmnopqrstuvwxyz"}
    operands = []
    for term in equation.split("->")[0].split(","):
        before, dots, behind = term.partition("...")
        # Of one rank everywhere: the reference engine dies on a shorter one.
        middle = tuple(1 if d.chance(0.2) else n for n in ellipsis) if dots else ()
        shape = [sizes[c] for c in before] + list(middle) + [sizes[c] for c in behind]
        operands.append(d.values(shape, dtype, -2, 2))
    spelled = equation.replace(",", ", ") if d.chance(0.2) else equation
    return single(
        d, "Einsum", opset, operands, [0] + [0.4] * (len(operands) - 1), equation=spelled
    )


def _det(d: Draw) -> Case:
    opset = d.opset("Det")
    size = d.integer(1, 4)
    x = d.values(d.shape(0, 2, size=4) + (size, size), np.float32, -3, 3)
    return single(d, "Det", opset, [x])


def _dft(d: Draw) -> Case:
    opset = d.opset("DFT")
    inverse = d.choice([0, 0, 1])
    onesided = d.choice([0, 0, 1]) if not inverse else 0
    parts = 1 if onesided else d.choice([1, 2])
    signal = d.shape(2, 3, size=9)
    axis = d.integer(1, len(signal) - 1)
    length = None
    if d.chance(0.4):
        length = np.array(d.integer(2, 12), np.int64)
    x = d.values(signal + (parts,), np.float32, -2, 2)
    if opset < 20:
        attributes = {"axis": axis, "inverse": inverse, "onesided": onesided}
        return single(d, "DFT", opset, [x, length], [0, 0.7], **attributes)
    where = np.array(axis - (len(signal) + 1 if d.chance(0.4) else 0), np.int64)
    return single(
        d, "DFT", opset, [x, length, where], [0, 0.7, 0.7], inverse=inverse, onesided=onesided
    )


def _stft(d: Draw) -> Case:
    opset = d.opset("STFT")
    frame = d.integer(3, 9)
    signal = (d.integer(1, 3), frame + d.integer(0, 20), 1)
    window = d.values((frame,), np.float32, 0.1, 1) if d.chance(0.7) else None
    length = np.array(frame, np.int64) if window is None or d.chance(0.5) else None
    step = np.array(d.integer(1, 5), np.int64)
    operands = [d.values(signal, np.float32, -2, 2), step, window, length]
    return single(
        d, "STFT", opset, operands, [0, 0.7, 0.7, 0.7], onesided=d.choice([None, 0, 1])
    )


GENERATORS: dict[str, Callable[[Draw], Case]] = {
    "Einsum": _einsum,
    "Det": _det,
    "DFT": _dft,
    "STFT": _stft,
}
