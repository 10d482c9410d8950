"""From the values of a form to what is looked for, and whether a mask fits its picture."""

from collections.abc import Generator
from pathlib import Path

import pytest
from PIL import Image

from studio import images
from studio.errors import InvalidField, StudioError
from studio.images import Picture
from studio.requests import FindMask
from studio.ui import masking, uploads
from studio.ui.page import Page


def plain(size: tuple[int, int] = (32, 24), mode: str = "RGB") -> Picture:
    return images.picture(Image.new(mode, size))


PICTURE, MASK, STROKES = plain(), plain(mode="L"), plain(mode="RGBA")


def test_what_is_asked_is_what_the_values_say() -> None:
    values = {"image": PICTURE, "words": "a cat", "threshold": 0.3, "combine": "add", "mask_image": MASK}
    assert masking.asked(values) == FindMask(**values)


def test_fields_of_other_requests_are_left_out() -> None:
    values = {"image": PICTURE, "words": "a cat", "prompt": "a dog", "strength": 0.5, "verb": "remove"}
    assert masking.asked(values) == FindMask(image=PICTURE, words="a cat")


def test_what_stands_instead_wins() -> None:
    values = {"image": PICTURE, "words": "a cat", "grow": 9, "feather": None}
    assert masking.asked(values, grow=0, feather=0) == FindMask(image=PICTURE, words="a cat")


@pytest.mark.parametrize("words", ["", "  \n", None])
def test_without_words_nothing_is_looked_for_by_words(words: object) -> None:
    values = {"image": PICTURE, "source": "words", "words": words or ""}
    assert masking.asked(values).source == "none"


@pytest.mark.parametrize(("verb", "source"), [("background", "foreground"), ("replace", "none")])
def test_without_words_a_new_background_keeps_the_foreground(verb: str, source: str) -> None:
    assert masking.asked({"image": PICTURE, "source": "words", "words": "", "verb": verb}).source == source


def test_a_new_background_keeps_what_the_words_name() -> None:
    assert (
        masking.asked({"image": PICTURE, "source": "words", "words": "a cat", "verb": "background"}).source == "words"
    )


def test_without_words_the_foreground_is_looked_for_all_the_same() -> None:
    assert masking.asked({"image": PICTURE, "source": "foreground", "words": ""}).source == "foreground"


def test_with_brush_only_words_are_not_looked_for() -> None:
    assert masking.asked({"image": PICTURE, "source": "none", "words": "a cat"}).source == "none"


@pytest.mark.parametrize(
    ("values", "said"),
    [({"image": None}, "^Picture: "), ({"threshold": 5}, "^Threshold: "), ({"words": 5}, "^Words: ")],
)
def test_a_value_out_of_its_limits_is_named_by_its_label(values: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidField, match=said):
        masking.asked({"image": PICTURE, "source": "words", "words": "a cat", **values})


@pytest.mark.parametrize(
    ("values", "is_empty"),
    [
        ({"source": "words", "words": ""}, True),
        ({"source": "none", "words": "a cat"}, True),
        ({"source": "words", "words": "a cat"}, False),
        ({"source": "foreground"}, False),
        ({"source": "none", "mask_image": MASK}, False),
        ({"source": "none", "strokes": STROKES}, False),
    ],
)
def test_a_mask_is_empty_when_nothing_makes_one(values: dict[str, object], is_empty: bool) -> None:
    assert masking.is_empty(masking.asked({"image": PICTURE, **values})) is is_empty


def test_a_mask_of_the_picture_s_size_fits() -> None:
    masking.check_fits(MASK, PICTURE)


def test_a_mask_of_another_size_does_not_fit() -> None:
    with pytest.raises(StudioError, match=r"^Mask: 24×32 pixels where the picture has 32×24\. Load one of its size\."):
        masking.check_fits(plain((24, 32), "L"), PICTURE)


@pytest.mark.parametrize(("mask", "picture"), [(MASK, None), (None, PICTURE), (None, None)])
def test_without_a_picture_no_mask_fits(mask: Picture | None, picture: Picture | None) -> None:
    with pytest.raises(StudioError, match=r"^Mask: choose a picture first"):
        masking.check_fits(mask, picture)


def test_pictures_among_the_values_are_read(page: Page) -> None:
    values = {"image": {"path": uploads.served(PICTURE)}, "mask_image": uploads.served(MASK), "words": "a cat"}
    read = masking.read(page, values, "local")
    assert read == {"image": PICTURE, "mask_image": MASK, "strokes": None, "words": "a cat"}


def test_only_the_pictures_named_are_read(page: Page) -> None:
    values = {"image": uploads.served(PICTURE), "strokes": "left alone"}
    assert masking.read(page, values, "local", ("image",)) == {"image": PICTURE, "strokes": "left alone"}


@pytest.mark.parametrize(("name", "label"), [("image", "Picture"), ("mask_image", "Mask"), ("strokes", "Strokes")])
def test_what_is_no_picture_is_named_by_its_label(page: Page, name: str, label: str) -> None:
    with pytest.raises(StudioError, match=f"^{label}: the file is not here"):
        masking.read(page, {name: str(Path(__file__))}, "local")


def test_what_comes_at_the_end_of_all_steps_is_given() -> None:
    passed = []

    def steps() -> Generator[int, None, str]:
        for step in range(3):
            passed.append(step)
            yield step
        return "the end"

    assert masking.end_of(steps()) == "the end" and passed == [0, 1, 2]
