"""Prompts as the chunks of tokens that text encoders read, and their count while a prompt is typed.

A word that names an embedding takes as many places as that has vectors, told by numbers below 0.
"""

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from tokenizers import AddedToken, Regex, Tokenizer, normalizers, pre_tokenizers
from tokenizers.models import BPE

from studio import prompts
from studio.errors import LoadError
from studio.prompts import Break, Piece

ROOM = 75  # tokens between the two that begin and end CLIP's 77
LOOK_BACK = 20  # tokens from the end of a chunk in which a comma is a better place to cut
KEPT_TOKENIZERS, KEPT_PATTERNS = 4, 8
NONE: Mapping[str, int] = MappingProxyType({})

# CLIP's rules, as transformers' CLIPTokenizer states them.
_WORDS = r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
_START, _END = "<|startoftext|>", "<|endoftext|>"
_NAMED = {"bos_token": _START, "eos_token": _END, "unk_token": _END, "pad_token": _END}

# From text to the ids of its tokens and where in it each begins and ends.
Tokenize = Callable[[str], tuple[Sequence[int], Sequence[tuple[int, int]]]]


@dataclass(frozen=True)
class Chunk:
    """What a text encoder reads at once; `end` is where in the prompt it ends.

    An id below 0 stands for a vector of an embedding: -1 for the first one of the first, and so on through all.
    """

    ids: tuple[int, ...] = ()
    weights: tuple[float, ...] = ()
    end: int = 0


class Count(NamedTuple):
    """How long a prompt is, and where in it each chunk ends."""

    tokens: int
    chunks: int
    ends: tuple[int, ...]


def count(folder: Path, prompt: str, embeddings: Mapping[str, int] = NONE) -> Count:
    """The prompt as the text encoders of the checkpoint in that folder will read it, without them.

    `embeddings` as of `chunks`. LoadError if the first tokenizer cannot be read.
    """
    read = tokenizer(folder / "tokenizer")

    def tokenize(text: str) -> tuple[Sequence[int], Sequence[tuple[int, int]]]:
        found = read.encode(text, add_special_tokens=False)
        return found.ids, found.offsets

    cut = chunks(prompt, tokenize, embeddings=embeddings)
    return Count(sum(len(chunk.ids) for chunk in cut), len(cut), tuple(chunk.end for chunk in cut))


def chunks(
    prompt: str, tokenize: Tokenize, room: int = ROOM, *, embeddings: Mapping[str, int] = NONE
) -> tuple[Chunk, ...]:
    """The prompt in chunks of at most `room` tokens, at least one; each token has the weight of its piece.

    `BREAK` ends a chunk, an empty one too, but an empty one at the end of the prompt. A chunk that is full ends
    after its last comma if that is among its last 20 tokens, so that no phrase is cut in two; all this as in
    AUTOMATIC1111 (its `modules/sd_hijack_clip.py`). `embeddings` are those that words may name, each with the number
    of its vectors, which are never cut apart.
    """
    words = _Words(tokenize, embeddings)
    parts: list[list[_Token]] = [[]]
    breaks: list[int] = []
    for piece in prompts.weighted(prompt):
        if isinstance(piece, Break):
            parts.append([])
            breaks.append(piece.origin)
        else:
            parts[-1] += words.tokens(piece)
    if breaks and not parts[-1]:
        parts.pop()
    ends = (*breaks, len(prompt))
    return tuple(
        Chunk(tuple(token.id for token in cut), tuple(token.weight for token in cut), cut[-1].end if cut else end)
        for part, end in zip(parts, ends, strict=False)
        for cut in _cut(part, room)
    )


def named(prompt: str, names: Collection[str]) -> list[str]:
    """Those of the names that the prompt holds as whole words, in any case, each once and as `folded` has it."""
    pieces = [piece.text for piece in prompts.weighted(prompt) if isinstance(piece, Piece)] if names else []
    return list(dict.fromkeys(name for text in pieces for name, _, _ in _found(text, tuple(names))))


def folded(name: str) -> str:
    """A name as it is told from others: neither case nor the width of blanks counts."""
    return " ".join(name.lower().split())


@lru_cache(KEPT_TOKENIZERS)
def tokenizer(folder: Path) -> Tokenizer:
    """The CLIP tokenizer of the folder, read as transformers does; LoadError naming what is missing or damaged."""
    try:
        return _clip(folder)
    except Exception as error:  # the library raises nothing more exact
        raise LoadError(f"Checkpoint: its tokenizer cannot be read: {error}. Fetch the checkpoint again.") from error


class _Token(NamedTuple):
    id: int
    weight: float
    end: int
    is_comma: bool
    goes_on: bool = False  # with the vectors before it


class _Words:
    """Makes tokens of text, and of the names of embeddings among it."""

    def __init__(self, tokenize: Tokenize, embeddings: Mapping[str, int]) -> None:
        self._tokenize, self._names = tokenize, tuple(embeddings)
        ends = list(accumulate(embeddings.values()))
        self._places = {
            folded(name): range(end - count, end)
            for name, end, count in zip(self._names, ends, embeddings.values(), strict=True)
        }

    def tokens(self, piece: Piece) -> Iterator[_Token]:
        """The tokens of a piece, in order."""
        done = 0
        for name, start, end in _found(piece.text, self._names):
            yield from self._plain(piece, done, start)
            places = self._places[name]
            for place in places:
                yield _Token(-1 - place, piece.weight, piece.origin[end - 1] + 1, False, place > places.start)
            done = end
        yield from self._plain(piece, done, len(piece.text))

    def _plain(self, piece: Piece, begin: int, stop: int) -> Iterator[_Token]:
        text, origin = piece.text[begin:stop], piece.origin[begin:stop]
        for id, (start, end) in zip(*self._tokenize(text), strict=True):
            yield _Token(id, piece.weight, origin[max(end, 1) - 1] + 1, text[start:end].strip() == ",")


def _found(text: str, names: tuple[str, ...]) -> Iterator[tuple[str, int, int]]:
    """The names that stand in the text as whole words, the longest where several do, with where they begin and end."""
    names = tuple(sorted(filter(str.strip, names), key=len, reverse=True))
    for match in _pattern(names).finditer(text) if names else ():
        yield folded(names[match.lastindex - 1]), match.start(), match.end()


@lru_cache(KEPT_PATTERNS)
def _pattern(names: tuple[str, ...]) -> re.Pattern:
    spaced = (r"\s+".join(map(re.escape, name.split())) for name in names)
    any_of = "|".join(f"({name})" for name in spaced)
    return re.compile(rf"(?<![\w-])(?:{any_of})(?![\w-])", re.IGNORECASE)


def _cut(tokens: list[_Token], room: int) -> Iterator[list[_Token]]:
    start = 0
    while len(tokens) - start > room:
        end = start + room
        if not tokens[end].is_comma:
            near = range(end - 1, end - LOOK_BACK - 1, -1)
            end = next((place + 1 for place in near if tokens[place].is_comma), _before_vectors(tokens, end))
        yield tokens[start:end]
        start = end
    yield tokens[start:]


def _before_vectors(tokens: list[_Token], place: int) -> int:
    """The place, or if it is within an embedding where that begins."""
    while tokens[place].goes_on:
        place -= 1
    return place


def _clip(folder: Path) -> Tokenizer:
    config = _json(folder / "tokenizer_config.json")
    named = _NAMED | {name: config[name] for name in _NAMED if config.get(name)}
    rows = list(config.get("added_tokens_decoder", {}).values())
    if not rows and (folder / "special_tokens_map.json").exists():
        named |= _json(folder / "special_tokens_map.json")
    if (folder / "tokenizer.json").exists():
        whole = _json(folder / "tokenizer.json")
        merges = [tuple(merge.split(" ") if isinstance(merge, str) else merge) for merge in whole["model"]["merges"]]
        words = whole["model"]["vocab"], merges
        rows = rows or whole["added_tokens"]
    else:
        words = BPE.read_file(str(folder / "vocab.json"), str(folder / "merges.txt"))
    made = Tokenizer(BPE(*words, unk_token=_content(named["unk_token"]), end_of_word_suffix="</w>"))
    made.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_WORDS), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    made.add_tokens(list(_added(rows, named)))
    return made


def _added(rows: list[dict], named: dict[str, str | dict]) -> Iterator[AddedToken]:
    """Tokens found in a text before its words are: those listed, then those that have a role."""
    listed = {row["content"]: row for row in rows}
    for value in (*listed.values(), *named.values()):
        row = listed.get(_content(value)) or (value if isinstance(value, dict) else {"content": value})
        kept = {name: row[name] for name in ("single_word", "lstrip", "rstrip", "normalized") if name in row}
        yield AddedToken(row["content"], special=True, **kept)


def _content(token: str | dict) -> str:
    return token if isinstance(token, str) else token["content"]


def _json(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))
