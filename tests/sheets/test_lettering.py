"""Text on a picture fits its width, and what the font lacks stays recognisable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.sheets import lettering

FONT = lettering.font(17)

SPELLED = [
    ("a red house", "a red house"),
    ("“it’s” … ©", "“it’s” … ©"),
    ("Größe × naïve café − Ærø", "Grosse x naive cafe - AEro"),
    ("e\u0301", "e"),
    ("Ⅷ ²", "VIII 2"),
    ("two\nlines\tand  more", "two lines and more"),
    ("猫", "□"),
    ("日本 한국", "□□ □□"),
    ("", ""),
]


@pytest.mark.parametrize(("text", "shown"), SPELLED)
def test_text_is_spelled_with_what_the_font_has(text: str, shown: str) -> None:
    assert lettering.legible(text) == shown
    assert lettering.is_spelled(text) == ("□" not in shown)


@given(st.text(max_size=300), st.integers(20, 400), st.integers(1, 4))
def test_no_line_is_wider_than_asked_and_none_too_many(text: str, width: int, most: int) -> None:
    lines = lettering.wrapped(text, FONT, width, most)
    assert len(lines) <= most
    assert all(FONT.getlength(line) <= width and line for line in lines)


@given(st.text("ab -/_", max_size=60))
def test_nothing_is_lost_where_there_is_room(text: str) -> None:
    lines = lettering.wrapped(text, FONT, 100, 99)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_lines_break_between_words_then_behind_signs_then_anywhere() -> None:
    assert lettering.wrapped("one two three", FONT, 65, 3) == ["one two", "three"]
    assert lettering.wrapped("stable-diffusion", FONT, 80, 3) == ["stable-", "diffusion"]
    assert "".join(lettering.wrapped("x" * 30, FONT, 80, 9)) == "x" * 30


def test_what_is_left_out_shows_as_an_ellipsis() -> None:
    lines = lettering.wrapped("word " * 2000, FONT, 100, 2)
    assert len(lines) == 2 and lines[1].endswith("…")


def test_lines_have_room_above_each_other() -> None:
    assert lettering.height(20) > 20 and lettering.height(20, 3) == 3 * lettering.height(20)
