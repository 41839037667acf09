"""The byte cache keeps what was used last, within its bytes, whatever threads do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from edge.runtime.byte_cache import ByteCache


def test_what_was_used_longest_ago_goes_first() -> None:
    cache: ByteCache[str, int] = ByteCache(3)
    for place, name in enumerate("abc"):
        cache.put(name, place, 1)
    cache.use(["a", "z"])  # what is not kept cannot be used
    assert cache.look("abz") == [0, 1, None] and cache.entries() == [("b", 1), ("c", 2), ("a", 0)]
    cache.put("d", 3, 1)
    assert cache.entries() == [("c", 2), ("a", 0), ("d", 3)] and cache.bytes == 3


def test_an_entry_that_grew_is_counted_once_and_makes_room() -> None:
    cache: ByteCache[str, str] = ByteCache(10)
    cache.put("a", "small", 4)
    cache.put("b", "small", 4)
    cache.put("b", "large", 9)
    assert cache.entries() == [("b", "large")] and cache.bytes == 9


def test_what_is_larger_than_the_whole_budget_is_not_kept_and_costs_no_other_its_place() -> None:
    cache: ByteCache[str, str] = ByteCache(10)
    cache.put("a", "fits", 10)
    cache.put("b", "does not", 11)
    assert cache.entries() == [("a", "fits")] and cache.bytes == 10
    cache.put("a", "has grown too large", 11)
    assert cache.entries() == [] and cache.bytes == 0


def test_clearing_gives_everything_back() -> None:
    cache: ByteCache[int, bytes] = ByteCache(10)
    cache.put(1, b"x", 1)
    cache.clear()
    assert (cache.bytes, cache.entries(), cache.look([1])) == (0, [], [None])


def test_threads_never_exceed_the_budget_nor_lose_count() -> None:
    cache: ByteCache[int, int] = ByteCache(50)

    def work(seed: int) -> bool:
        kept = True
        for step in range(2000):
            key = (seed * 7919 + step * 104729) % 97
            cache.put(key, key, key % 9)
            asked = (key * 31) % 97
            cache.use([asked])
            kept &= cache.look([asked]) in ([None], [asked])
        return kept

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(4)))
    assert cache.bytes == sum(key % 9 for key, _ in cache.entries()) <= 50
