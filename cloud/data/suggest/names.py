"""What a column's name says: the words in it, and which column of a log is called so."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection


def _these(words: str) -> frozenset[str]:
    return frozenset(words.split())


IDS = _these("id key code no nr num number uuid guid hash token pk idx index")
USERS = _these(
    "user usr member customer cust client visitor reviewer subscriber account acct player learner student viewer "
    "reader listener buyer shopper patient person profile consumer guest employee fan"
)
ITEMS = _these(
    "item movie film product prod article song track book video content news post listing ad recipe game course doc "
    "document hotel restaurant place poi venue app business offer show episode story clip podcast job dish beer anime"
)
WEAK_USERS = _these("device cookie session household")  # their ids, if nothing names a person
WEAK_ITEMS = _these("artist album playlist shop store seller channel author")
ITEM_IDS = _these("iid sku asin isbn ean gtin upc")  # ids by themselves
USER_IDS = _these("uid")
TITLES = _these("title name headline")
TIMES = _these("time timestamp ts datetime eventtime eventtimestamp eventts unixtime unixreviewtime clicktime viewtime")
TIME_WORDS = _these("time timestamp ts datetime date at when day epoch unix step t seq sequence tick week")
OTHER_TIMES = _these(  # of an item or a user, not of the event
    "release released publish published publication birth born birthday signup registered registration joined updated "
    "expires expiry modified duration"
)
RATINGS = _these("rating ratings stars star score rate overall grade starrating reviewscore userrating")
RATING_WORDS = _these("rating stars score grade")
LABELS = _these(
    "clicked click label liked like purchased purchase bought buy converted conversion target watched installed opened "
    "listened played saved favorite favourite ordered accepted applied finished completed engaged thumbsup addedtocart"
)
ACTIONS = _these("event action type behavior behaviour interaction")  # columns of words for what was done
PLACES = _these("position pos rank slot index hour weekday month quantity qty count number age")
REQUESTS = _these("request req impression query search slate pageview screen session")
OF_ITEMS = _these(
    "title name headline genre genres category categories brand price author artist description tags year release "
    "director language publisher topic section"
)
OF_USERS = _these("age gender sex occupation country city region zip birth signup income plan tier")
SECRETS = _these("email mail phone ip password ssn url uri link href image img photo thumbnail avatar")
_TYPED = re.compile(r":(token|token_seq|float|float_seq)$")  # as RecBole writes headers
_CASES = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORDS = re.compile(r"[^\W\d_]+|\d+")


def words(name: str) -> list[str]:
    """The words of a name, in small letters without accents: movieId, movie_id and "Movie ID" are two."""
    cut = _CASES.sub(" ", _TYPED.sub("", name.strip())).casefold()
    letters = "".join(one for one in unicodedata.normalize("NFKD", cut) if not unicodedata.combining(one))
    return _WORDS.findall(letters)


def plain_name(name: str) -> str:
    """The words as one name of letters, digits and _; "" if it has none of these."""
    found = "_".join(word for word in words(name) if word.isascii())
    return f"n{found}" if found[:1].isdigit() else found


def id_rank(name: str, whole: Collection[str], ids: Collection[str], weak: Collection[str]) -> int | None:
    """How certain a name is that of an id of `whole` things: 0 user_id, 1 user, 2 app_user_id, 3 weak; None no id."""
    parts = words(name)
    joined = "".join(parts)
    with_id = {word + end for word in whole for end in IDS}
    if joined in with_id or joined in ids:
        return 0
    if joined in whole:
        return 1
    last = parts[-1] if parts else ""
    if last in ids or last in with_id or (len(parts) > 1 and last in IDS and parts[-2] in whole):
        return 2
    weak_ids = {word + end for word in weak for end in IDS}
    return 3 if joined in weak_ids else None


def user_rank(name: str) -> int | None:
    return id_rank(name, USERS, USER_IDS, WEAK_USERS)


def item_rank(name: str) -> int | None:
    """As for users; 4 is a title, which serves as the id where items have none."""
    rank = id_rank(name, ITEMS, ITEM_IDS, WEAK_ITEMS)
    return 4 if rank is None and title_rank(name) is not None else rank


def title_rank(name: str) -> int | None:
    """0 title, 1 movie_title; None for what is no title of an item."""
    *before, last = words(name) or [""]
    if last not in TITLES:
        return None
    return 0 if not before else 1 if set(before) <= ITEMS else None


def time_rank(name: str) -> int:
    """0 timestamp, 1 start_time, 2 anything else."""
    parts = words(name)
    if "".join(parts) in TIMES:
        return 0
    return 1 if TIME_WORDS.intersection(parts) else 2


def label_rank(name: str) -> int:
    """0 clicked, is_click or rating; 1 user_rating_value; 2 anything else."""
    parts = [word for word in words(name) if word not in ("is", "was", "has", "did")]
    if "".join(parts) in RATINGS | LABELS:
        return 0
    return 1 if (RATING_WORDS | LABELS).intersection(parts) else 2
