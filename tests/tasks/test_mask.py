"""Masks found by words or what stands in front, joined, painted on and changed; and what is cut out by them."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from studio import images, masks
from studio.config import Settings
from studio.errors import Cancelled, InvalidField, LoadError, NotFound
from studio.images import Picture
from studio.requests import CutOut, FindMask
from studio.results import Cut, Masked, NothingFound, Preview, Progress
from studio.storybook import render
from studio.storybook.queries import FIRST_THING
from studio.storybook.words import COLOURS, OBJECTS
from studio.storybook.world import Mix, random_scene
from studio.tasks.mask import LARGEST_HOLE, Nets, find_mask, look

WORDS, FOREGROUND = "storybook-words", "storybook-foreground"
BOTH = random_scene(3, Mix(two_things=1, looks=0), aspect=1.5)
SCENE = images.picture(render.picture(BOTH, 96))
FIRST, SECOND = (f"the {thing.colour} {thing.kind}" for thing in BOTH.things)
SIZE = SCENE.size
SHAPE = SIZE[::-1]


@pytest.fixture(scope="module")
def nets() -> Nets:
    return Nets(Settings())


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Nets]:
    """On a machine that no net was downloaded to."""
    before = os.environ.get("REMBG_HOME")
    os.environ["REMBG_HOME"] = str(tmp_path)
    yield Nets(Settings(cache_dir=tmp_path))
    del os.environ["REMBG_HOME"]
    if before is not None:
        os.environ["REMBG_HOME"] = before


def quietly(event: Progress | Preview) -> None:
    """Hears and says nothing."""


def found(nets: Nets, **values: object) -> np.ndarray:
    """The mask of a request for SCENE, by words unless it says otherwise."""
    return masks.read(asked(nets, **values).mask)


def asked(nets: Nets, **values: object) -> Masked:
    return find_mask(FindMask(**{"image": SCENE, "mask_model": WORDS, **values}), nets, quietly)


def surest(nets: Nets, words: str) -> float:
    try:
        return asked(nets, words=words, threshold=0.02).score
    except NothingFound:
        return 0.0


def share(one: np.ndarray, other: np.ndarray) -> float:
    """Intersection over union."""
    return (np.minimum(one, other).sum() / np.maximum(one, other).sum()).item()


def box(*corners: int, size: tuple[int, int] = SIZE) -> Picture:
    mask = Image.new("L", size)
    mask.paste(255, corners)
    return images.picture(mask)


def layer(*strokes: tuple[str, tuple[int, int, int, int]], size: tuple[int, int] = SIZE) -> Picture:
    """What the brush paints: boxes, their corners inside, on nothing."""
    painted = Image.new("RGBA", size)
    for colour, corners in strokes:
        ImageDraw.Draw(painted).rectangle(corners, fill=colour)
    return images.picture(painted)


def truth(index: int) -> np.ndarray:
    return render.mask(BOTH, index, 96)


def test_words_find_what_they_name(nets: Nets) -> None:
    for index, words in enumerate((FIRST, SECOND)):
        masked = asked(nets, words=words)
        mask = masks.read(masked.mask)
        assert share(mask, truth(index)) > 0.6 and set(np.unique(mask)) == {0, 1}
        assert masked.mask.image.mode == "L" and masked.mask.size == SIZE
        assert masked.score > 0.8 and masked.seconds > 0
        assert masked.coverage == pytest.approx(mask.mean(), abs=1e-6)


def test_plus_joins_what_words_find(nets: Nets) -> None:
    joined = found(nets, words=f"{FIRST} + {SECOND}", fill_holes=False)
    alone = [found(nets, words=words, fill_holes=False) for words in (FIRST, SECOND)]
    assert np.array_equal(joined, np.maximum(*alone)) and joined.sum() > max(mask.sum() for mask in alone)


def test_minus_takes_away_what_words_find(nets: Nets) -> None:
    left = found(nets, words=f"the background + {FIRST} - {SECOND}", fill_holes=False)
    assert share(left, 1 - truth(1)) > 0.85 and left[truth(1)].mean() < 0.2


def test_a_lower_threshold_takes_in_more(nets: Nets) -> None:
    low, high = (found(nets, words=FIRST, threshold=threshold, fill_holes=False) for threshold in (0.1, 0.9))
    assert (low >= high).all() and low.sum() > high.sum() > 0


def test_small_holes_are_filled_if_asked(nets: Nets) -> None:
    both = [
        [found(nets, words=FIRST, threshold=threshold, fill_holes=fill) for fill in (False, True)]
        for threshold in np.arange(0.3, 0.95, 0.05).tolist()
    ]
    assert all(np.array_equal(filled, masks.without_holes(holed, LARGEST_HOLE)) for holed, filled in both)
    assert any(filled.sum() > holed.sum() for holed, filled in both)


def test_a_thing_is_no_hole_in_the_background(nets: Nets) -> None:
    background, thing = found(nets, words="the background"), found(nets, words=FIRST)
    assert (background * thing).sum() < 0.2 * thing.sum()


def test_what_is_taken_away_stays_away(nets: Nets) -> None:
    taken = found(nets, words=f"the background - {FIRST}", threshold=0.3)
    assert not (taken * found(nets, words=FIRST, threshold=0.3)).any()


@pytest.mark.parametrize("threshold", [0.1, 0.5, 0.8])
def test_what_is_not_there_takes_nothing_away(nets: Nets, threshold: float) -> None:
    without, alone = (found(nets, words=words, threshold=threshold) for words in (f"{FIRST} - a zebra", FIRST))
    assert np.array_equal(without, alone)


def test_nothing_left_is_said(nets: Nets) -> None:
    with pytest.raises(NothingFound, match=r"^Mask: of '.*' nothing is left once the rest is taken away\. Take"):
        asked(nets, words=f"{FIRST} - {FIRST}")


def test_holes_of_the_mask_given_are_left_alone(nets: Nets) -> None:
    pixels = masks.read(box(10, 10, 60, 60))
    pixels[20:40, 20:40] = 0
    assert np.array_equal(found(nets, source="none", mask_image=masks.picture(pixels)), pixels)


@pytest.mark.parametrize("how", masks.COMBINATIONS)
def test_what_is_found_is_joined_to_the_mask_given(nets: Nets, how: str) -> None:
    given, alone = box(0, 0, 80, 96), found(nets, words=FIRST)
    joined = found(nets, words=FIRST, mask_image=given, combine=how)
    expected = {
        "new": alone,
        "add": np.maximum(masks.read(given), alone),
        "subtract": np.minimum(masks.read(given), 1 - alone),
        "intersect": np.minimum(masks.read(given), alone),
    }
    assert np.array_equal(joined, expected[how])


def test_a_stroke_adds_or_removes_by_its_colour(nets: Nets) -> None:
    strokes = layer((masks.ADD, (0, 0, 9, 9)), (masks.REMOVE, (40, 40, 49, 49)))
    mask = found(nets, source="none", mask_image=box(30, 30, 60, 60), strokes=strokes)
    assert mask[:10, :10].all() and not mask[40:50, 40:50].any()
    assert mask.sum() == 100 + 30 * 30 - 100


def test_strokes_go_over_what_is_found(nets: Nets) -> None:
    rows, columns = np.nonzero(found(nets, words=FIRST))
    row, column = int(np.median(rows)), int(np.median(columns))
    strokes = layer((masks.REMOVE, (column - 3, row - 3, column + 3, row + 3)))
    mask = found(nets, words=FIRST, strokes=strokes)
    assert not mask[row - 3 : row + 4, column - 3 : column + 4].any() and mask.any()


def test_the_brush_alone_asks_no_net(nets: Nets) -> None:
    masked = asked(nets, source="none", mask_model="nowhere", strokes=layer((masks.ADD, (5, 5, 14, 24))))
    assert masked.score is None and masked.coverage == pytest.approx(200 / (SIZE[0] * SIZE[1]))


def test_without_mask_and_strokes_nothing_is_masked(nets: Nets) -> None:
    assert asked(nets, source="none").coverage == 0


def test_a_mask_of_another_size_than_the_picture_is_refused(nets: Nets) -> None:
    match = rf"^Mask: 100×50 pixels where the picture has {SIZE[0]}×{SIZE[1]}\. Make it of the picture's size\."
    with pytest.raises(InvalidField, match=match) as refused:
        asked(nets, source="none", mask_image=box(0, 0, 9, 9, size=(100, 50)))
    assert refused.value.field == "mask_image"


@pytest.mark.parametrize("size", [(SIZE[0] // 2, SIZE[1] // 2), (SIZE[0] * 3, SIZE[1] * 3), (46, 30)])
def test_strokes_of_any_size_are_laid_over_the_whole_picture(nets: Nets, size: tuple[int, int]) -> None:
    half = layer((masks.ADD, (0, 0, size[0] // 2 - 1, size[1])), size=size)
    mask = found(nets, source="none", strokes=half)
    assert mask.shape == SHAPE and mask.mean() == pytest.approx(0.5, abs=0.02)
    assert mask[:, : SIZE[0] // 2 - 8].all() and not mask[:, SIZE[0] // 2 + 8 :].any()


def test_a_mask_is_inverted_after_the_strokes(nets: Nets) -> None:
    how = {"source": "none", "mask_image": box(10, 10, 50, 50), "strokes": layer((masks.ADD, (60, 60, 69, 69)))}
    assert np.array_equal(found(nets, **how, invert=True), 1 - found(nets, **how))


def test_a_mask_grows_and_fades_after_it_is_inverted(nets: Nets) -> None:
    how = {"source": "none", "mask_image": box(20, 20, 120, 80), "invert": True}
    plain = found(nets, **how)
    grown, narrowed, soft = (found(nets, **how, **more) for more in ({"grow": 5}, {"grow": -5}, {"feather": 6}))
    assert np.array_equal(grown, masks.grown(plain, 5)) and grown.sum() > plain.sum() > narrowed.sum()
    assert (soft >= plain).all() and ((soft > 0) & (soft < 1)).any()


def test_words_for_what_is_not_there_say_how_near_they_came_and_guess(nets: Nets) -> None:
    match = r"^Mask: nothing in the picture looks like 'a zebra' \(best 0\.\d\d, threshold 0\.5\)\. Use other words, or"
    with pytest.raises(NothingFound, match=match) as nothing:
        asked(nets, words="a zebra")
    guess = masks.read(nothing.value.guess)
    assert nothing.value.guess.size == SIZE and 0 < guess.mean() < 1


def test_what_was_guessed_is_found_at_the_threshold_that_is_told(nets: Nets) -> None:
    said = (f"the {colour} {kind}" for colour in COLOURS for kind in OBJECTS)
    words = next(words for words in said if 0.1 < surest(nets, words) < 0.9)
    with pytest.raises(NothingFound) as nothing:
        asked(nets, words=words, threshold=0.98)
    best = float(str(nothing.value).partition("best ")[2].partition(",")[0])
    assert asked(nets, words=words, threshold=best - 0.01).coverage > 0


@pytest.mark.parametrize(
    ("source", "model", "size"), [("words", "clipseg", "603 MB"), ("foreground", "u2netp", "4.6 MB")]
)
def test_a_net_is_not_downloaded_unless_that_is_wanted(bare: Nets, source: str, model: str, size: str) -> None:
    message = rf"^Mask model: .* \({size}\) is not on this machine yet\. Press Find to download it\.$"
    with pytest.raises(LoadError, match=message):
        asked(bare, words=FIRST, source=source, mask_model=model, download=False)


def test_no_words_are_asked_for(nets: Nets) -> None:
    with pytest.raises(InvalidField, match=r"^Words: name what to find") as refused:
        asked(nets, words=" - ")
    assert refused.value.field == "words"


@pytest.mark.parametrize(
    ("source", "model", "message"),
    [
        ("words", FOREGROUND, "storybook-foreground does not find by words. Choose one of storybook-words, clipseg."),
        ("foreground", WORDS, "storybook-words does not find by foreground. Choose one of storybook-foreground, u2net"),
    ],
)
def test_a_model_that_finds_otherwise_is_refused_with_those_that_fit(
    nets: Nets, source: str, model: str, message: str
) -> None:
    with pytest.raises(InvalidField, match=f"^Mask model: {message}") as refused:
        asked(nets, source=source, mask_model=model, words="x")
    assert refused.value.field == "mask_model"


def test_a_model_that_is_not_there_is_refused(nets: Nets) -> None:
    with pytest.raises(NotFound, match=r"^Mask model: there is no 'clipsegg'\. .* clipseg"):
        asked(nets, words="x", mask_model="clipsegg")


def test_a_model_that_may_not_be_fetched_is_said_so() -> None:
    with pytest.raises(LoadError, match=r"CIDAS/clipseg-rd64-refined is not on this machine, and Easel was told not"):
        asked(Nets(Settings(offline=True)), words="x", mask_model="clipseg")


def test_the_task_does_what_its_request_asks(nets: Nets) -> None:
    assert isinstance(look(FindMask(image=SCENE, source="none"), nets, quietly), Masked)
    assert isinstance(look(CutOut(image=SCENE, mask_image=box(0, 0, 9, 9)), nets, quietly), Cut)


# What stands in front.


def test_what_stands_in_front_is_found(nets: Nets) -> None:
    masked = asked(nets, source="foreground", mask_model=FOREGROUND)
    assert share(masks.read(masked.mask), render.segmentation(BOTH, 96) >= FIRST_THING) > 0.6
    assert masked.score > 0.5


def test_what_stands_in_front_is_joined_to_the_mask_given(nets: Nets) -> None:
    how = {"source": "foreground", "mask_model": FOREGROUND}
    given = box(0, 0, 144, 50)
    joined = found(nets, **how, mask_image=given, combine="intersect")
    assert np.array_equal(joined, np.minimum(masks.read(given), found(nets, **how)))


def test_where_nothing_stands_in_front_the_guess_is_what_was_seen(nets: Nets) -> None:
    empty = images.picture(Image.new("RGB", SIZE, "#87ceeb"))
    match = r"^Mask: nothing stands out from the background \(best 0\.\d\d, threshold 0\.98\)\. Find it by words"
    with pytest.raises(NothingFound, match=match) as nothing:
        asked(nets, image=empty, source="foreground", mask_model=FOREGROUND, threshold=0.98)
    assert nothing.value.guess.size == SIZE


def test_a_look_that_is_stopped_ends(nets: Nets) -> None:
    def report(event: Progress | Preview) -> None:
        raise Cancelled("Stopped.")

    fresh = images.picture(render.picture(random_scene(11), 96))
    with pytest.raises(Cancelled):
        find_mask(FindMask(image=fresh, source="foreground", mask_model=FOREGROUND), nets, report)


def test_a_look_by_words_that_is_stopped_ends() -> None:
    def report(event: Progress | Preview) -> None:
        raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        find_mask(FindMask(image=SCENE, words=FIRST, mask_model=WORDS), Nets(Settings()), report)


# What is cut out.


def test_without_a_mask_the_foreground_is_cut_out(nets: Nets) -> None:
    cut = look(CutOut(image=SCENE, mask_model=FOREGROUND), nets, quietly)
    assert cut.image.image.mode == "RGBA" and cut.image.size == SIZE
    alpha = np.asarray(cut.image.image.getchannel("A")) / 255
    assert share(alpha, render.segmentation(BOTH, 96) >= FIRST_THING) > 0.6


def test_nothing_of_the_background_is_left_and_the_things_are_whole(nets: Nets) -> None:
    cut = look(CutOut(image=SCENE, mask_model=FOREGROUND), nets, quietly)
    alpha = np.asarray(cut.image.image.getchannel("A"))
    things = truth(0) | truth(1)
    near = masks.grown(things.astype(np.float32), 4) > 0
    inside = masks.grown(things.astype(np.float32), -3) > 0
    assert (alpha[~near] == 0).mean() > 0.95 and (alpha[inside] == 255).mean() > 0.8


def test_where_nothing_stands_out_nothing_is_cut_out(nets: Nets) -> None:
    empty = replace(BOTH, things=())
    with pytest.raises(NothingFound, match=r"^Mask: nothing stands out from the background \(best 0\.\d\d, threshold"):
        look(CutOut(image=images.picture(render.picture(empty, 96)), mask_model=FOREGROUND), nets, quietly)


def test_the_mask_is_what_is_cut_out(nets: Nets) -> None:
    cut = look(CutOut(image=SCENE, mask_image=box(10, 20, 60, 70)), nets, quietly)
    pixels = np.asarray(cut.image.image)
    inside = np.zeros(SHAPE, bool)
    inside[20:70, 10:60] = True
    assert np.array_equal(pixels[..., 3], np.where(inside, 255, 0))
    assert np.array_equal(pixels[inside][:, :3], np.asarray(SCENE.image)[inside]) and not pixels[~inside].any()


def test_a_cut_out_by_an_empty_mask_is_refused(nets: Nets) -> None:
    with pytest.raises(InvalidField, match=r"^Mask: it is empty, so nothing would be left\. Find or paint") as refused:
        look(CutOut(image=SCENE, mask_image=box(0, 0, 0, 0)), nets, quietly)
    assert refused.value.field == "mask_image"


def test_a_cut_out_by_a_mask_of_another_size_is_refused(nets: Nets) -> None:
    with pytest.raises(InvalidField, match=r"^Mask: 50×50 pixels where the picture has"):
        look(CutOut(image=SCENE, mask_image=box(0, 0, 9, 9, size=(50, 50))), nets, quietly)


def test_strokes_of_another_shape_are_refused(nets: Nets) -> None:
    with pytest.raises(InvalidField, match=r"^Strokes: 64×200 pixels are of another shape than the picture's 144×96\."):
        found(nets, source="none", strokes=layer((masks.ADD, (0, 0, 9, 9)), size=(64, 200)))


def test_strokes_that_cover_everything_are_refused(nets: Nets) -> None:
    with pytest.raises(InvalidField, match=r"^Strokes: the layer is not transparent anywhere, so it would cover"):
        found(nets, source="none", strokes=images.picture(Image.new("RGB", SIZE)))


def test_the_same_look_gives_the_same_mask(nets: Nets) -> None:
    request = FindMask(image=SCENE, words=FIRST, mask_model=WORDS, grow=3, feather=4)
    fresh = find_mask(request, Nets(Settings()), quietly)
    assert find_mask(request, nets, quietly).mask == fresh.mask
    assert find_mask(replace(request, words=SECOND), nets, quietly).mask != fresh.mask
