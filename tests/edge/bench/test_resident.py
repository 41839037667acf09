"""Memory of a process: what the system cannot drop is told apart from the pages of files."""

from __future__ import annotations

import mmap
import sys
import tempfile

import pytest

from edge.bench.resident import memory

SIZE = 16 * 2**20
SLACK = 2**20


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_without_a_file_counts_as_anonymous_shared_or_not_and_pages_of_files_do_not() -> None:
    gained = {}
    with tempfile.NamedTemporaryFile(dir=".") as file:
        file.truncate(SIZE)
        for name, what in {
            "private": (-1, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS),
            "shared": (-1, mmap.MAP_SHARED | mmap.MAP_ANONYMOUS),  # as LiteRT packs weights
            "file": (file.fileno(), mmap.MAP_PRIVATE),
        }.items():
            before = memory()
            with mmap.mmap(what[0], SIZE, flags=what[1], prot=mmap.PROT_READ | mmap.PROT_WRITE) as pages:
                for place in range(0, SIZE, mmap.PAGESIZE):
                    if name == "file":
                        pages[place]
                    else:
                        pages[place] = 1
                after = memory()
            assert before.anonymous is not None and after.anonymous is not None
            gained[name] = after.resident - before.resident, after.anonymous - before.anonymous
    for name, (resident, anonymous) in gained.items():
        assert abs(resident - SIZE) < SLACK, gained
        assert abs(anonymous - (0 if name == "file" else SIZE)) < SLACK, gained
