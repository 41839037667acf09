"""The byte cache keeps what was used last, within its bytes, whatever threads do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from edge.runtime.byte_cache import ByteCache


def test_what_was_used_longest_ago_goes_first() -> None:
    cache: ByteCache[str, int] = ByteCache(3)
    for place, name in enumerate("abc"):
        cache.put(name, place, 1)
    assert cache.get("a") == 0
    cache.put("d", 3, 1)
    assert [cache.get(name) for name in "abcd"] == [0, None, 2, 3]
    assert (cache.bytes, len(cache)) == (3, 3)


def test_an_entry_that_grew_is_counted_once_and_makes_room() -> None:
    cache: ByteCache[str, str] = ByteCache(10)
    cache.put("a", "small", 4)
    cache.put("b", "small", 4)
    cache.put("b", "large", 9)
    assert (cache.get("a"), cache.get("b"), cache.bytes) == (None, "large", 9)


def test_what_is_larger_than_the_whole_budget_is_not_kept_and_costs_no_other_its_place() -> None:
    cache: ByteCache[str, str] = ByteCache(10)
    cache.put("a", "fits", 10)
    cache.put("b", "does not", 11)
    assert "b" not in cache and cache.get("a") == "fits" and cache.bytes == 10
    cache.put("a", "has grown too large", 11)
    assert "a" not in cache and cache.bytes == 0


def test_clearing_gives_everything_back() -> None:
    cache: ByteCache[int, bytes] = ByteCache(10)
    cache.put(1, b"x", 1)
    cache.clear()
    assert (cache.bytes, len(cache), cache.get(1)) == (0, 0, None)


def test_threads_never_exceed_the_budget_nor_lose_count() -> None:
    cache: ByteCache[int, int] = ByteCache(50)

    def work(seed: int) -> bool:
        kept = True
        for step in range(2000):
            key = (seed * 7919 + step * 104729) % 97
            cache.put(key, key, key % 9)
            asked = (key * 31) % 97
            kept &= cache.get(asked) in (None, asked)
        return kept

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(4)))
    assert cache.bytes == sum(key % 9 for key in range(97) if key in cache) <= 50
