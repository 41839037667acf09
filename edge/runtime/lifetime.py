"""When a ranker may be used: from its opening until it is closed, and not before its last request has ended."""

from __future__ import annotations

from threading import Condition, get_ident
from types import TracebackType

from edge.errors import EdgeError


class Lifetime:
    """`with lifetime:` is one use. Several threads may be in one at once; after `end` no other begins."""

    def __init__(self) -> None:
        self._users: list[int] = []  # the threads, each as often as it is in a use
        self._ended = False
        self._changed = Condition()

    def check(self) -> None:
        """Errors: it has ended."""
        if self._ended:
            raise EdgeError("the ranker is closed", fix="open the bundle again")

    def __enter__(self) -> None:
        with self._changed:
            self.check()
            self._users.append(get_ident())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._users.remove(get_ident())
            self._changed.notify_all()

    def end(self) -> bool:
        """Refuses new uses and waits for those under way. True for the first caller alone, who clears up.

        Errors: this thread is in a use itself, e.g. in the handler of a signal; it would wait forever.
        """
        with self._changed:
            if get_ident() in self._users:
                raise EdgeError(
                    "the ranker cannot be closed during a request of the same thread",
                    fix="close it after rank has returned",
                )
            first, self._ended = not self._ended, True
            self._changed.wait_for(lambda: not self._users)
            return first
