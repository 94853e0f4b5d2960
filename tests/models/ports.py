"""Inputs of a model, and their values in each of the input sets."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Callable, Mapping, Optional, Sequence, Union

import numpy as np

from models.pictures import pictures

INPUT_SETS = 4
# What a symbolic batch is in each set: the runtime has to plan its memory anew.
BATCHES = (1, 1, 3, 3)

Dim = Union[int, str]
Shape = tuple[int, ...]


@dataclass
class Port:
    """`draw` makes the value of one input set, from the set's number and its shape there."""

    name: str
    shape: tuple[Dim, ...]
    draw: Callable[[int, Shape], np.ndarray]


class Ports:
    """All inputs of one model. `sizes` has, by symbolic dimension, its size in each set."""

    def __init__(self, model: str, sizes: Optional[Mapping[str, Sequence[int]]]) -> None:
        self._model = model
        self._sizes = {"batch": BATCHES, **(sizes or {})}
        self._ports: list[Port] = []

    def __iter__(self):
        return iter(self._ports)

    def __getitem__(self, index: int) -> Port:
        return self._ports[index]

    def size(self, dim: Dim, number: int) -> int:
        return dim if isinstance(dim, int) else self._sizes[dim][number]

    def sample(self, port: Port, number: int) -> np.ndarray:
        shape = tuple(self.size(dim, number) for dim in port.shape)
        value = port.draw(number, shape)
        assert value.shape == shape, f"{port.name}: {value.shape}, declared {shape}"
        return value

    def images(self, name: str, batch: Dim, shape: Shape) -> None:
        """Pictures of (channels, height, width), none of them twice."""

        def draw(number: int, _: Shape) -> np.ndarray:
            before = sum(self.size(batch, i) for i in range(number))
            return pictures(self._model, before + self.size(batch, number), shape)[before:]

        self._ports.append(Port(name, (batch, *shape), draw))

    def drawn(
        self,
        name: str,
        shape: Sequence[Dim],
        draw: Callable[[np.random.Generator, Shape], np.ndarray],
    ) -> None:
        """Values from a generator that is seeded by the names and the set's number."""
        seed = zlib.crc32(f"{self._model}/{name}".encode())
        self._ports.append(
            Port(name, tuple(shape), lambda i, s: draw(np.random.default_rng([seed, i]), s))
        )
