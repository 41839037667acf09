"""A cache with a budget in bytes: what was used longest ago goes first. For several threads at once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class ByteCache(Generic[K, V]):
    """Entries by content. One that is larger than the whole budget is not kept."""

    def __init__(self, budget_bytes: int) -> None:
        self.budget_bytes = budget_bytes
        self._bytes = 0
        self._entries: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._turn = Lock()

    @property
    def bytes(self) -> int:
        """Bytes that the entries take now."""
        return self._bytes

    def look(self, keys: Sequence[K]) -> list[V | None]:
        """What is kept of each. Looking does not count as a use."""
        entries = self._entries
        with self._turn:
            return [None if (entry := entries.get(key)) is None else entry[0] for key in keys]

    def use(self, keys: Sequence[K]) -> None:
        """Those that are kept are the ones used last, in this order."""
        with self._turn:
            use = self._entries.move_to_end
            for key in keys:
                try:  # each look-up computes a hash, which of a long key takes most of the time
                    use(key)
                except KeyError:
                    continue

    def put(self, key: K, value: V, size: int) -> None:
        """Keep `value` of `size` bytes, in place of what was under `key`."""
        with self._turn:
            _, before = self._entries.pop(key, (None, 0))
            self._bytes -= before
            if size > self.budget_bytes:
                return
            self._bytes += size
            self._entries[key] = (value, size)
            while self._bytes > self.budget_bytes:
                _, (_, freed) = self._entries.popitem(last=False)
                self._bytes -= freed

    def entries(self) -> list[tuple[K, V]]:
        """All of them, that which was used longest ago first."""
        with self._turn:
            return [(key, value) for key, (value, _) in self._entries.items()]

    def clear(self) -> None:
        """Remove all entries."""
        with self._turn:
            self._entries.clear()
            self._bytes = 0
