"""An invented film club's log: every film, member and rating is drawn from a seeded generator, the same each time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

HEADER = "user,item,title,year,genres,age,gender,time,rating"
MEMBERS, FILMS, EVENTS = 200, 240, 60  # events of each member
FOUNDED, TWO_YEARS = 1_672_963_200, 63_072_000  # 2023-01-06, in seconds
SUBJECTS = {
    "Action": ("Convoy", "Smugglers", "Last Bridge", "Dynamite Crew", "Runaway Tram", "Nine Riders"),
    "Animation": ("Paper Fox", "Clockwork Hen", "Umbrella Bear", "Singing Kettle", "Moon Snail", "Little Ferry"),
    "Comedy": ("Wrong Wedding", "Two Mayors", "Borrowed Trousers", "Lodgers", "Awful Choir", "Goat Inspector"),
    "Drama": ("Empty Orchard", "Miller's Daughters", "Long Winter", "Letters", "Inheritance", "Night Nurses"),
    "Horror": ("Thing Under", "Cellars", "Hollow Children", "Black Well", "Whispers", "Teeth"),
    "Romance": ("Spring Dance", "Lovers", "Second Kiss", "Garden Door", "Summer Bride", "Violinist"),
    "Sci-Fi": ("Orbit", "Glass Robots", "Second Sun", "Colony", "Machine Dreams", "Silent Comet"),
    "Western": ("Sheriff", "Dry River", "Silver Spurs", "Outlaws", "Stagecoach", "Last Corral"),
}
PLACES = (
    "Quillmere", "Ostervale", "Brantholm", "Nerrow", "Port Asselin", "Vellanby", "Tarnoch", "Lower Pemsey",
    "Grenvik", "Hallowmarsh", "Ilverton", "Castle Drumm", "Saint Orrin", "Wexcombe", "Morrowfell", "Zandeck",
)  # fmt: skip
Choice = TypeVar("Choice")


@dataclass(frozen=True)
class Film:
    title: str
    year: int
    genres: tuple[str, ...]
    quality: float  # -1 to 1


@dataclass(frozen=True)
class Member:
    """Tastes. Over the two years the genre that fades gives way to the one that grows."""

    age: int
    gender: str
    loved: str
    fading: str
    growing: str
    avoided: str
    year: int  # films of about then are liked


def example_log(seed: int = 0) -> str:
    """A CSV file of the columns that the edge.toml of `edge init` names, oldest events first."""
    draw = Draw(seed)
    films = _films(draw)
    members = [_member(draw) for _ in range(MEMBERS)]
    rows = [row for number, member in enumerate(members, start=1) for row in _events(draw, number, member, films)]
    return "\n".join([HEADER, *(row for _, row in sorted(rows)), ""])


class Draw:
    """Random choices. `Random.random` alone is used: it promises the same numbers in every version of Python."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def between(self, low: float, high: float) -> float:
        """A number drawn uniformly from [low, high)."""
        return low + (high - low) * self._random.random()

    def one(self, choices: Sequence[Choice]) -> Choice:
        """One of the choices, drawn uniformly."""
        return choices[int(self.between(0, len(choices)))]

    def some(self, choices: Sequence[Choice], count: int) -> list[Choice]:
        """Different ones."""
        left = list(choices)
        return [left.pop(int(self.between(0, len(left)))) for _ in range(count)]


def _films(draw: Draw) -> list[Film]:
    """Each title names what its first genre is about, so that the taste for an unseen film can be predicted."""
    titles = [(genre, noun, place) for genre, nouns in SUBJECTS.items() for noun in nouns for place in PLACES]
    films = []
    for genre, noun, place in draw.some(titles, FILMS):
        genres = {genre, draw.one(list(SUBJECTS))} if draw.between(0, 1) < 0.5 else {genre}
        title = draw.one((f"The {noun} of {place}", f"{noun} in {place}"))
        films.append(Film(title, int(draw.between(1950, 2020)), tuple(sorted(genres)), draw.between(-1, 1)))
    return sorted(films, key=lambda film: -film.quality + draw.between(-1, 1))  # better films are better known


def _member(draw: Draw) -> Member:
    """Older members like older films."""
    age = int(draw.between(16, 76))
    year = int(2025 - 0.9 * age + draw.between(-10, 10))
    gender = draw.one("FM")
    loved, fading, growing, avoided = draw.some(list(SUBJECTS), 4)
    return Member(age, gender, loved, fading, growing, avoided, year)


def _events(draw: Draw, number: int, member: Member, films: Sequence[Film]) -> Iterator[tuple[int, str]]:
    """(time, row) of one member: films not seen before, known ones rather than others, by taste half the time."""
    left = list(films)
    for event in range(EVENTS):
        moment = (event + draw.between(0, 1)) / EVENTS
        places = [int(len(left) * draw.between(0, 1) ** 2) for _ in range(2)]  # best known first
        if draw.between(0, 1) < 0.5:
            places.sort(key=lambda place: -_taste(member, left[place], moment))
        film = left.pop(places[0])
        time = FOUNDED + int(TWO_YEARS * moment)
        about = f"{film.title},{film.year},{'|'.join(film.genres)},{member.age},{member.gender}"
        yield time, f"{number},{films.index(film) + 1},{about},{time},{_rating(draw, member, film, moment)}"


def _taste(member: Member, film: Film, moment: float) -> float:
    """In stars, around 0, at a moment from 0 to 1."""
    weights = {member.loved: 1.2, member.fading: 1.2 * (1 - moment), member.growing: 1.2 * moment, member.avoided: -1.4}
    genres = sum(weights.get(genre, 0.0) for genre in film.genres)
    return genres + 0.8 - 0.04 * min(abs(film.year - member.year), 40)


def _rating(draw: Draw, member: Member, film: Film, moment: float) -> int:
    noise = draw.between(-0.7, 0.7) + draw.between(-0.7, 0.7)
    stars = 2.8 + 1.5 * film.quality + _taste(member, film, moment) + noise
    return min(max(int(stars + 0.5), 1), 5)
