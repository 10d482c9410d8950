"""What a page asks of the gallery is understood, or refused in a sentence."""

import pytest

from studio.errors import StudioError
from studio.outputs import Filter
from studio.ui.gallery.asking import MOST_AT_ONCE, asked, ids, one, two

NOW = [None, None]


def test_filters_are_read() -> None:
    page = asked("red house", "storybook", "starred", [1.5, None], 60)
    assert page.wanted == Filter(search="red house", checkpoint="storybook", since=1.5, starred=True)
    assert page.offset == 60
    assert asked("", "", "all", NOW, 0).wanted == asked("", None, "all", NOW, 0).wanted == Filter()
    assert asked("", "", "deleted", NOW, 0).wanted == Filter(deleted=True)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((7, "", "all", NOW, 0), "Search: needs text, not 7."),
        (("x" * 501, "", "all", NOW, 0), "Search: 501 characters are too many; use 500 or fewer."),
        (("", ["one"], "all", NOW, 0), "Checkpoint: needs text, not .'one'.."),
        (("", "", "everybody's", NOW, 0), 'Show: there is no "everybody\'s"; choose one of all, starred, deleted.'),
        (("", "", "all", None, 0), "Made: needs the first day and the last."),
        (("", "", "all", [0, "today"], 0), "Made: needs a number"),
        (("", "", "all", [float("nan"), 0], 0), "Made: needs a number"),
        (("", "", "all", NOW, -1), "Page: needs a whole number from 0"),
        (("", "", "all", NOW, 2**31), "Page: .* is outside."),
    ],
)
def test_whatever_else_is_refused_by_name(given: tuple, message: str) -> None:
    with pytest.raises(StudioError, match=f"^{message}"):
        asked(*given)


@pytest.mark.parametrize("none", [None, "", [], {}, 7, "a" * 32])
def test_nothing_chosen_is_told(none: object) -> None:
    with pytest.raises(StudioError, match="^Pictures: none is chosen"):
        ids(none)


def test_ids_are_so_many_texts() -> None:
    assert ids(["a", "b"]) == ["a", "b"] and one(["a"]) == "a" and two(["a", "b"]) == ["a", "b"]
    with pytest.raises(StudioError, match="^Pictures: 201 at once are too many; choose 200 or fewer."):
        ids(["a"] * (MOST_AT_ONCE + 1))
    with pytest.raises(StudioError, match="^Pictures: 2 at once are too many; choose 1 or fewer."):
        one(["a", "b"])
    with pytest.raises(StudioError, match="^Compare: needs two pictures"):
        two(["a"])
    for odd in ([None], [["a"]], [{"a": 1}, "b"]):
        with pytest.raises(StudioError, match="^Pictures: what was chosen is none"):
            ids(odd)
