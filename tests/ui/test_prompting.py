"""The line below the prompt: its length, where a part ends, and brackets left open."""

import pytest

from studio.ui import prompting


def count(tokens: int, *ends: int) -> dict[str, object]:
    return {"tokens": tokens, "chunks": len(ends), "ends": ends, "most": 75}


def test_nothing_is_said_where_nothing_is_known() -> None:
    assert prompting.counted("a cat", None) == ""


def test_a_short_prompt_tells_how_much_is_used() -> None:
    assert prompting.counted("a cat", count(2, 5)) == "2 of 75 tokens"


def test_a_long_prompt_shows_where_the_next_part_begins() -> None:
    prompt = "a cat, misty morning over the hills and far away"
    said = prompting.counted(prompt, count(90, 6, len(prompt)))
    assert said == "90 tokens in 2 parts; the next begins at “misty morning over the …”"


def test_a_prompt_of_many_parts_shows_each_beginning() -> None:
    assert prompting.counted("one two three", count(200, 3, 7, 13)).endswith("the next begin at “two three”, “three”")


def test_of_very_many_parts_the_first_ones_are_shown() -> None:
    said = prompting.counted("a b c d e f", count(1400, 1, 3, 5, 7, 9, 11))
    assert said == "1,400 tokens in 6 parts; the next begin at “b c d e f”, “c d e f”, “d e f”, …"


@pytest.mark.parametrize(
    "prompt", ["", "a (red) [big] {cat|dog}", r"a \( and \) and \] and \{", "((a:1.2) b)", "[a (b) c]"]
)
def test_whole_brackets_need_no_word(prompt: str) -> None:
    assert prompting.left_open(prompt) == ""


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("a (red cat", r"A ( is not closed and weighs all that follows. Write \( for the sign itself."),
        ("[a", r"A [ is not closed and weighs all that follows. Write \[ for the sign itself."),
        ("{a|b", r"A { is not closed and is read as text. Write \{ for the sign itself."),
        ("smile :)", r"A ) closes nothing. Write \) for the sign itself."),
        ("(a]", r"A ] closes nothing. Write \] for the sign itself."),
    ],
)
def test_a_bracket_without_a_partner_is_named(prompt: str, said: str) -> None:
    assert prompting.left_open(prompt) == said
