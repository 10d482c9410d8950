"""Words for masks: "cat + dog - collar" says which finds are joined and which are taken away again."""

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from studio.errors import InvalidField

MOST_TERMS = 8
# Letters that no one sees: controls, and marks such as the zero-width space.
UNSEEN = frozenset({"Cc", "Cf"})
# A hyphen between two letters belongs to its word: t-shirt. A minus sign or a dash never does.
_SIGNS = re.compile(r"[+|−–—]|(?<![^\s+|])-|-(?![^\s+|])")
# What people put around words, or bring along when they paste them.
_AROUND = " \t\n\"'“”‘’„«».,;:!?-"


class Term(NamedTuple):
    """Words for one find; `sign` is 1 if it joins what is masked so far, -1 if it is taken away from it."""

    sign: int
    words: str


def terms(words: str) -> tuple[Term, ...]:
    """What is to be found, in order; InvalidField if nothing is, or if there are more than MOST_TERMS."""
    words = "".join(letter for letter in words if letter in "\n\t" or unicodedata.category(letter) not in UNSEEN)
    signs = ["+", *_SIGNS.findall(words)]
    parts = [" ".join(part.split()).strip(_AROUND) for part in _SIGNS.split(words)]
    found = tuple(Term(1 if sign in "+|" else -1, part) for sign, part in zip(signs, parts, strict=True) if part)
    if not any(term.sign > 0 for term in found):
        raise InvalidField("words", "Words: name what to find, such as 'cat + dog - collar'.")
    if len(found) > MOST_TERMS:
        raise InvalidField("words", f"Words: {len(found)} parts are more than {MOST_TERMS}. Leave some out.")
    return found


def joined(terms: Sequence[Term], masks: Sequence[np.ndarray]) -> np.ndarray:
    """The masks (0 … 1, one array a term) as one, from left to right: the larger, or less what is taken away."""
    result = np.zeros_like(masks[0])
    for term, mask in zip(terms, masks, strict=True):
        result = np.maximum(result, mask) if term.sign > 0 else np.minimum(result, 1 - mask)
    return result
