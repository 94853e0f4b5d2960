"""A small Vision Transformer (Dosovitskiy et al. 2020), as two exporters write it: decomposed
norms and the Erf formula (older opsets), or LayerNormalization and Gelu (opset 20)."""

from __future__ import annotations

import numpy as np

from models.network import Network

Built = tuple[Network, dict[str, str]]
DIM, HEADS, DEPTH, PATCH, SIZE = 192, 3, 6, 16, 224
TOKENS = (SIZE // PATCH) ** 2 + 1


def _matrix(n: Network, x: str, inputs: int, out: int, scale: float = 1.0) -> str:
    weight = n.random((inputs, out), scale * np.sqrt(1.0 / inputs))
    return n.one("Add", n.one("MatMul", x, weight), n.random((out,), 0.05))


def _norm(n: Network, x: str) -> str:
    gamma = n.constant(n.rng.uniform(0.7, 1.3, DIM).astype(np.float32), "gamma")
    beta = n.random((DIM,), 0.1)
    if n.opset >= 17:
        return n.one("LayerNormalization", x, gamma, beta, axis=-1, epsilon=1e-6)
    centered = n.one("Sub", x, n.mean(x, [-1]))
    squared = n.one("Pow", centered, n.constant(np.float32(2)))
    safe = n.one("Add", n.mean(squared, [-1]), n.constant(np.float32(1e-6)))
    normal = n.one("Div", centered, n.one("Sqrt", safe))
    return n.one("Add", n.one("Mul", normal, gamma), beta)


def _gelu(n: Network, x: str) -> str:
    if n.opset >= 20:
        return n.one("Gelu", x)
    erf = n.one("Erf", n.one("Div", x, n.constant(np.float32(np.sqrt(2.0)))))
    plus = n.one("Add", erf, n.constant(np.float32(1)))
    return n.one("Mul", n.one("Mul", x, plus), n.constant(np.float32(0.5)))


def _attention(n: Network, x: str) -> str:
    head = DIM // HEADS
    # Larger than usual, so that attention is not uniform: uniform attention hides its errors.
    packed = _matrix(n, x, DIM, 3 * DIM, 1.6)
    shaped = n.one("Reshape", packed, n.int64([1, TOKENS, 3, HEADS, head]))
    turned = n.one("Transpose", shaped, perm=[2, 0, 3, 1, 4])
    q, k, v = (n.one("Gather", turned, n.int64(i), axis=0) for i in range(3))
    scaled = n.one("Mul", q, n.constant(np.float32(head**-0.5)))
    scores = n.one("MatMul", scaled, n.one("Transpose", k, perm=[0, 1, 3, 2]))
    mixed = n.one("MatMul", n.one("Softmax", scores, axis=-1), v)
    joined = n.one("Transpose", mixed, perm=[0, 2, 1, 3])
    return _matrix(n, n.one("Reshape", joined, n.int64([1, TOKENS, DIM])), DIM, DIM)


def _tokens(n: Network) -> str:
    patches = n.conv(n.input, DIM, PATCH, PATCH, bias=True, pad=0)
    flat = n.one("Reshape", patches, n.int64([1, DIM, TOKENS - 1]))
    sequence = n.one("Transpose", flat, perm=[0, 2, 1])
    cls = n.one("Expand", n.random((1, 1, DIM), 0.5), n.int64([1, 1, DIM]))
    joined = n.concat([cls, sequence], axis=1)
    return n.one("Add", joined, n.random((1, TOKENS, DIM), 0.3))


def _vit(name: str, opset: int) -> Built:
    n = Network(name, opset, SIZE)
    x = _tokens(n)
    for _ in range(DEPTH):
        x = n.one("Add", x, _attention(n, _norm(n, x)))
        hidden = _gelu(n, _matrix(n, _norm(n, x), DIM, 4 * DIM))
        x = n.one("Add", x, _matrix(n, hidden, 4 * DIM, DIM))
    x = _norm(n, x)
    if opset >= 17:
        cls = n.one("Gather", x, n.int64(0), axis=1)
    else:
        row = n.one("Slice", x, n.int64([0]), n.int64([1]), n.int64([1]))
        cls = n.one("Squeeze", row, n.int64([1]))
    return n, {"logits": n.linear(cls, DIM, 1000)}


def vit_erf() -> Built:
    return _vit("vit_erf", 16)


def vit_gelu() -> Built:
    return _vit("vit_gelu", 20)
