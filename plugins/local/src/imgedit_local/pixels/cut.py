"""The cheapest way to divide a graph in two: where subject and background part."""

# ruff: noqa: TID253 - only the worker loads this package
from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from .raster import Floats
from .superpixels import Ints


def cut(subject: Floats, background: Floats, pairs: Ints, bonds: Floats) -> NDArray[np.bool_]:
    """For every node whether it belongs to the subject, at the least cost in all.

    `subject` and `background` (one each per node, not negative) are what it costs to call a node
    so; `bonds` what it costs to part the two nodes of a pair.
    """
    count = len(subject)
    source, sink = count, count + 1
    network = _Network(count + 2)
    for node in range(count):
        network.join(source, node, float(background[node]), 0.0)
        network.join(node, sink, float(subject[node]), 0.0)
    for (first, second), bond in zip(pairs.tolist(), bonds.tolist(), strict=True):
        network.join(first, second, bond, bond)
    network.fill(source, sink)
    reached = np.array(network.level[:count]) >= 0
    result: NDArray[np.bool_] = reached
    return result


class _Network:
    """Dinic's algorithm on lists; edge e and e ^ 1 run opposite ways."""

    def __init__(self, count: int) -> None:
        self.edges: list[list[int]] = [[] for _ in range(count)]
        self.to: list[int] = []
        self.room: list[float] = []
        self.level: list[int] = []

    def join(self, first: int, second: int, there: float, back: float) -> None:
        self.edges[first].append(len(self.to))
        self.edges[second].append(len(self.to) + 1)
        self.to += [second, first]
        self.room += [there, back]

    def fill(self, source: int, sink: int) -> None:
        while self._levels(source, sink):
            at = [0] * len(self.edges)
            while self._push(source, sink, at):
                pass

    def _levels(self, source: int, sink: int) -> bool:
        self.level = [-1] * len(self.edges)
        self.level[source] = 0
        waiting = deque([source])
        while waiting:
            node = waiting.popleft()
            for edge in self.edges[node]:
                other = self.to[edge]
                if self.room[edge] > 1e-9 and self.level[other] < 0:
                    self.level[other] = self.level[node] + 1
                    waiting.append(other)
        return self.level[sink] >= 0

    def _push(self, source: int, sink: int, at: list[int]) -> bool:
        """One way from source to sink along rising levels; False when there is none."""
        path: list[int] = []
        node = source
        while node != sink:
            for place in range(at[node], len(self.edges[node])):
                edge = self.edges[node][place]
                other = self.to[edge]
                if self.room[edge] > 1e-9 and self.level[other] == self.level[node] + 1:
                    at[node] = place
                    path.append(edge)
                    node = other
                    break
            else:
                if not path:
                    return False
                at[node] = len(self.edges[node])
                node = self.to[path.pop() ^ 1]
                at[node] += 1
        least = min(self.room[edge] for edge in path)
        for edge in path:
            self.room[edge] -= least
            self.room[edge ^ 1] += least
        return True
