"""Words for masks: what joins, what is taken away, and what holds of any scores."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from studio.algebra import MOST_TERMS, Term, joined, terms
from studio.errors import InvalidField

SCORES = arrays.arrays(np.float32, (2, 3), elements=st.floats(0, 1, width=32))
SIGNED = st.lists(st.tuples(st.sampled_from([1, -1]), SCORES), min_size=1, max_size=5)

WORDS = [
    ("cat", [(1, "cat")]),
    ("cat + dog - collar", [(1, "cat"), (1, "dog"), (-1, "collar")]),
    ("cat|dog", [(1, "cat"), (1, "dog")]),
    ("cat+dog", [(1, "cat"), (1, "dog")]),
    ("a red  t-shirt ", [(1, "a red t-shirt")]),
    ("shirt - t-shirt", [(1, "shirt"), (-1, "t-shirt")]),
    ("- collar + cat", [(-1, "collar"), (1, "cat")]),
    ("cat -dog", [(1, "cat"), (-1, "dog")]),
    ("cat- dog", [(1, "cat"), (-1, "dog")]),
    ("cat − dog", [(1, "cat"), (-1, "dog")]),
    ("cat – dog", [(1, "cat"), (-1, "dog")]),
    ("cat—dog", [(1, "cat"), (-1, "dog")]),
    ("'the cat' + “the dog”.", [(1, "the cat"), (1, "the dog")]),
    ("\u200bcat\u200b + \u200b", [(1, "cat")]),
    ("the cat's tail", [(1, "the cat's tail")]),
    ("cat -", [(1, "cat")]),
    ("cat - - dog", [(1, "cat"), (-1, "dog")]),
    ("cat + - dog", [(1, "cat"), (-1, "dog")]),
    ("cat+- dog", [(1, "cat"), (-1, "dog")]),
    ("cat - + dog", [(1, "cat"), (1, "dog")]),
    ("+ | cat ||", [(1, "cat")]),
    ("cat\n-\ndog", [(1, "cat"), (-1, "dog")]),
]


@pytest.mark.parametrize(("words", "found"), WORDS)
def test_grammar(words: str, found: list[tuple[int, str]]) -> None:
    assert list(terms(words)) == found


@pytest.mark.parametrize("words", ["", "  ", "- collar", "-cat", "+", "-", " - ", "- a - b", "\u200b", "''"])
def test_something_has_to_be_found(words: str) -> None:
    with pytest.raises(InvalidField, match=r"^Words: name what to find, such as 'cat \+ dog - collar'\.$") as caught:
        terms(words)
    assert caught.value.field == "words"


def test_there_are_not_too_many() -> None:
    assert len(terms("+".join("a" * MOST_TERMS))) == MOST_TERMS
    with pytest.raises(InvalidField, match=r"^Words: 9 parts are more than 8\. Leave some out\.$"):
        terms("+".join("a" * 9))


@settings(max_examples=60, deadline=None)
@given(st.text(st.sampled_from("ab +|-"), max_size=20))
def test_terms_read_again_are_themselves(words: str) -> None:
    try:
        found = terms(words)
    except InvalidField:
        return
    assert all(term.words for term in found)
    spelled = " ".join(f"{'+' if term.sign > 0 else '-'} {term.words}" for term in found)
    assert terms(spelled) == found


def test_order_counts() -> None:
    one, zero = np.ones((1, 1), np.float32), np.zeros((1, 1), np.float32)
    assert joined(terms("a - b + c"), [one, one, one]) == 1
    assert joined(terms("a + c - b"), [one, one, one]) == 0
    assert joined(terms("- b + a"), [one, one]) == 1
    assert joined(terms("a - b"), [one, zero]) == 1


@settings(max_examples=60, deadline=None)
@given(SIGNED)
def test_adding_never_lowers_and_taking_away_never_raises(signed: list[tuple[int, np.ndarray]]) -> None:
    found = [Term(sign, "word") for sign, _ in signed]
    scores = [score for _, score in signed]
    before = joined(found[:-1], scores[:-1]) if found[:-1] else np.zeros_like(scores[0])
    after = joined(found, scores)
    assert np.all(after >= before) if found[-1].sign > 0 else np.all(after <= before)
    assert after.dtype == np.float32
    assert np.all((after >= 0) & (after <= 1))


@settings(max_examples=60, deadline=None)
@given(SCORES)
def test_what_is_taken_from_itself_is_gone(score: np.ndarray) -> None:
    mask = (score > 0.5).astype(np.float32)
    assert not joined(terms("a - a"), [mask, mask]).any()
    assert np.array_equal(joined(terms("a + a"), [mask, mask]), mask)
