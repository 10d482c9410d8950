"""The grammar of prompts: emphasis, chunks, choices, wildcards, and one prompt a line."""

import os
import random
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import groupby
from pathlib import Path

from studio.errors import NotFound, StudioError

EMPHASIS = 1.1
WEIGHTS = 0.1, 4.0
# How far brackets may go before the weight is clamped: ((word:10):0.2) is 2, and nothing ever overflows.
_PRODUCTS = 1e-6, 1e6

LONGEST = 10_000  # characters of an expanded prompt
MOST_DRAWS = 10_000
MOST_PASSES = 20
MOST_WILDCARD_BYTES = 1_000_000

_MARKS = re.compile(
    r"""\\[\\()\[\]{}|]                                    # a literal sign
    | :\s*[+-]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)\s*\)      # the end of (words:1.3)
    | (?<![\w-])BREAK(?![\w-])
    | [()\[\]]""",
    re.VERBOSE,
)
_DRAWS = re.compile(r"\\[\\()\[\]{}|]|[{|}]|__(?!_)(?P<name>[\w./-]+?)__")


@dataclass(frozen=True)
class Piece:
    """Text of one weight; `origin` is the place in the prompt that each character comes from."""

    text: str
    weight: float = 1.0
    origin: tuple[int, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True)
class Break:
    """Here a new chunk begins; `origin` is the place of the word in the prompt."""

    origin: int = field(default=0, compare=False, repr=False)


def weighted(prompt: str) -> tuple[Piece | Break, ...]:
    r"""The prompt in pieces of one weight, by AUTOMATIC1111's rules (its `modules/prompt_parser.py`).

    `(word)` weighs 1.1 times as much and `[word]` 1.1 times less, nested ones multiply, `(word:1.3)` says how much.
    `\(`, `\)`, `\[`, `\]`, `\{`, `\|`, `\}` and `\\` are the sign itself; any other backslash is text. `BREAK` as a
    word of its own begins a new chunk. A bracket that is never closed weighs all that follows; one that was never
    opened is text. Weights end at 0.1 and 4.
    """
    opened = _opened(prompt)
    rounds, squares = [1.0], [1.0]
    found: list[Piece | Break] = []
    for text, start, is_mark in _parts(prompt):
        stack = squares if text in "[]" else rounds
        if text == "BREAK" and is_mark:
            found.append(Break(start))
        elif is_mark and start in opened:
            stack.append(_within(stack[-1] * opened[start], _PRODUCTS))
        elif is_mark and text[-1] in ")]" and len(stack) > 1:
            stack.pop()
        else:
            weight = _within(rounds[-1] * squares[-1], WEIGHTS)
            found.append(Piece(text, weight, tuple(range(start, start + len(text)))))
    return tuple(_merged(found))


def literal(text: str) -> str:
    """The prompt that says just this text: its signs weigh and choose nothing, and a BREAK is but a word."""
    return re.sub(r"[\\()\[\]{}|]", r"\\\g<0>", re.sub(r"(?<![\w-])BREAK(?![\w-])", "break", text))


def is_plain(prompt: str) -> bool:
    """True if the prompt is nothing but text: no weights, no chunks, no choices, no wildcards, no escaped signs."""
    return weighted(prompt) == ((Piece(prompt),) if prompt else ()) and _mark(_span(prompt)) is None


def lines(prompt: str) -> tuple[str, ...]:
    """The lines of the prompt that hold something, for one prompt a line."""
    return tuple(line.strip() for line in prompt.split("\n") if line.strip())


def expanded(prompt: str, seed: int, wildcards: Mapping[str, tuple[str, ...]]) -> str:
    r"""The prompt with one alternative of each `{a|b}` and one line of each `__wildcard__`, drawn by the seed.

    Alternatives and lines may hold choices and wildcards in turn. Each draw is one call of `random()` of Python's
    `random.Random(seed)`, whose numbers are the same in every version: alternative `int(random() * count)`, in the
    order in which the draws come up from left to right. `\{`, `\|` and `\}` stay as they are, so that expanding once
    more changes nothing. NotFound if there is no such wildcard; StudioError if one leads back to itself, or if the
    prompt grows without end.
    """
    draws = _Draws(seed, wildcards)
    for _ in range(MOST_PASSES):  # a drawn line and its neighbours may make up a new choice between them
        before, prompt = prompt, "".join(_pass(prompt, draws))
        if before == prompt:
            return prompt
    raise StudioError("Prompt: its choices make up new ones without end. Close the braces of each wildcard's lines.")


def wildcards(*folders: Path) -> Mapping[str, tuple[str, ...]]:
    """The lines of each text file below the folders by its name there, such as `animal/cat`; later folders win.

    Files are found now and read when asked for. Empty lines and those that begin with # are left out. StudioError
    naming the file if it is too large, unreadable, or not UTF-8. Links and whatever is no file are not opened.
    """
    return _Lists({name: path for folder in folders for name, path in _text_files(folder)})


def _parts(prompt: str) -> Iterator[tuple[str, int, bool]]:
    """Text and marks in turn: each with its place, and whether it is a mark. A literal sign is text."""
    at = 0
    for mark in _MARKS.finditer(prompt):
        if at < mark.start():
            yield prompt[at : mark.start()], at, False
        at = mark.end()
        if mark.group()[0] == "\\":
            yield prompt[at - 1], at - 1, False
        else:
            yield mark.group(), mark.start(), True
    if at < len(prompt):
        yield prompt[at:], at, False


def _opened(prompt: str) -> dict[int, float]:
    """By what each opening bracket multiplies what it holds, by its place; an unclosed one holds all that follows."""
    factors = {"(": EMPHASIS, "[": 1 / EMPHASIS}
    opened: dict[int, float] = {}
    waiting: dict[str, list[int]] = {")": [], "]": []}
    for sign, start, is_mark in _parts(prompt):
        if is_mark and sign in factors:
            opened[start] = factors[sign]
            waiting[")" if sign == "(" else "]"].append(start)
        elif is_mark and waiting.get(sign[-1]):
            place = waiting[sign[-1]].pop()
            if sign[0] == ":":
                opened[place] = _within(float(sign[1:-1]), _PRODUCTS)
    return opened


def _within(number: float, limits: tuple[float, float]) -> float:
    return min(max(number, limits[0]), limits[1])


def _merged(found: list[Piece | Break]) -> Iterator[Piece | Break]:
    """Neighbours of one weight become one piece, since a tokenizer reads what stands together."""
    for weight, group in groupby(found, key=lambda part: getattr(part, "weight", None)):
        parts = list(group)
        if weight is None:
            yield from parts
        else:
            origin = tuple(place for part in parts for place in part.origin)
            yield Piece("".join(part.text for part in parts), weight, origin)


class _Draws:
    """The numbers of one seed, and how many have been used."""

    def __init__(self, seed: int, wildcards: Mapping[str, tuple[str, ...]]) -> None:
        self._random = random.Random(seed)
        self._left = MOST_DRAWS
        self.wildcards = wildcards

    def index(self, count: int) -> int:
        self._left -= 1
        if self._left < 0:
            raise StudioError(f"Prompt: its choices lead to more than {MOST_DRAWS:,} others. Use fewer.")
        return int(self._random.random() * count)

    def line(self, name: str, chain: tuple[str, ...]) -> str:
        """A line of that wildcard, reached by the chain of others."""
        if name in chain:
            way = " → ".join([*chain[chain.index(name) :], name])
            raise StudioError(f"Prompt: the wildcard '{name}' leads back to itself ({way}). Change one of these files.")
        if name not in self.wildcards:
            near = ", ".join(get_close_matches(name[:80], self.wildcards, n=3, cutoff=0))
            advice = f"The nearest are {near}" if near else f"Put a file {name[:80]}.txt into the wildcards folder"
            raise NotFound(f"Prompt: there is no wildcard '{name[:80]}'. {advice}.")
        found = self.wildcards[name]
        if not found:
            raise StudioError(f"Prompt: the wildcard '{name}' has no lines. Write some into its file.")
        return found[self.index(len(found))]


@dataclass(frozen=True)
class _Span:
    """A part of a text still to be expanded, and the wildcards that led to it."""

    text: str
    braces: dict[int, tuple[int, ...]]
    start: int
    end: int
    chain: tuple[str, ...]


def _span(text: str, chain: tuple[str, ...] = ()) -> _Span:
    return _Span(text, _braces(text), 0, len(text), chain)


def _pass(prompt: str, draws: _Draws) -> Iterator[str]:
    """The prompt expanded, in parts; without recursion, since anybody can write ten thousand braces."""
    spans = [_span(prompt)]
    size = 0
    while spans:
        span = spans.pop()
        mark = _mark(span)
        plain = span.text[span.start : mark.start() if mark else span.end]
        size += len(plain)
        if size > LONGEST:
            raise StudioError(f"Prompt: its choices make it longer than {LONGEST:,} characters. Use fewer or shorter.")
        yield plain
        if mark is None:
            continue
        if mark["name"]:
            line = draws.line(mark["name"], span.chain)
            drawn = _span(line, (*span.chain, mark["name"]))
            after = mark.end()
        else:
            places = span.braces[mark.start()]
            choice = draws.index(len(places) - 1)
            drawn = _Span(span.text, span.braces, places[choice] + 1, places[choice + 1], span.chain)
            after = places[-1] + 1
        spans += [_Span(span.text, span.braces, after, span.end, span.chain), drawn]


def _mark(span: _Span) -> re.Match | None:
    """The first choice or wildcard of the span."""
    marks = _DRAWS.finditer(span.text, span.start, span.end)
    return next((mark for mark in marks if mark["name"] or mark.start() in span.braces), None)


def _braces(text: str) -> dict[int, tuple[int, ...]]:
    """For each `{` that is closed: its place, those of its bars, and that of its `}`; the others are text."""
    closed: dict[int, tuple[int, ...]] = {}
    waiting: list[list[int]] = []
    for mark in _DRAWS.finditer(text):
        if mark.group() == "{":
            waiting.append([mark.start()])
        elif mark.group() in "|}" and waiting:
            waiting[-1].append(mark.start())
            if mark.group() == "}":
                places = waiting.pop()
                closed[places[0]] = tuple(places)
    return closed


class _Lists(Mapping[str, tuple[str, ...]]):
    """Files by name, each read when its lines are asked for, and once."""

    def __init__(self, paths: dict[str, Path]) -> None:
        self._paths = paths
        self._read: dict[str, tuple[str, ...]] = {}

    def __getitem__(self, name: str) -> tuple[str, ...]:
        if name not in self._read:
            self._read[name] = _lines_of(self._paths[name], name)
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)


def _text_files(folder: Path) -> Iterator[tuple[str, Path]]:
    for place, _, files in os.walk(folder):
        for name in files:
            path = Path(place, name)
            if path.suffix == ".txt" and _is_file(path):
                yield path.relative_to(folder).with_suffix("").as_posix(), path


def _is_file(path: Path) -> bool:
    """True for a file itself, not for a link to one or for a pipe that would never end."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def _lines_of(path: Path, name: str) -> tuple[str, ...]:
    try:
        if not _is_file(path):
            raise StudioError(f"Wildcards: {name}.txt is not a file any more. Put it back.")
        with path.open("rb") as file:
            data = file.read(MOST_WILDCARD_BYTES + 1)
    except OSError as error:
        raise StudioError(f"Wildcards: {name}.txt cannot be read: {error.strerror}. Change its rights.") from error
    if len(data) > MOST_WILDCARD_BYTES:
        raise StudioError(f"Wildcards: {name}.txt is larger than {MOST_WILDCARD_BYTES:,} bytes. Split it.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise StudioError(f"Wildcards: {name}.txt is not UTF-8. Save it as UTF-8.") from error
    return tuple(line for line in lines(text) if not line.startswith("#"))
