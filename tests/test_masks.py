"""Masks: what each change promises of any mask, and that pasting never touches what is kept."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from studio import images, masks
from studio.masks import ADD, COMBINATIONS, REMOVE, Box

ROOT = Path(__file__).resolve().parents[1]
SHAPES = st.tuples(st.integers(1, 12), st.integers(1, 12))
quick = settings(max_examples=60, deadline=None)


def of(values: list[float]) -> st.SearchStrategy[np.ndarray]:
    return SHAPES.flatmap(lambda shape: arrays.arrays(np.float32, shape, elements=st.sampled_from(values)))


HARD, SOFT = of([0, 1]), of([0, 0, 0.2, 0.5, 0.8, 1])
FINE = SHAPES.flatmap(lambda shape: arrays.arrays(np.uint8, shape)).map(lambda levels: levels.astype(np.float32) / 255)
PAIRS = SHAPES.flatmap(lambda shape: arrays.arrays(np.float32, (2, *shape), elements=st.floats(0, 1, width=32)))


def distance(core: np.ndarray) -> np.ndarray:
    """To the nearest pixel of the core, by looking at each."""
    rows, columns = np.indices(core.shape)
    found = [np.hypot(rows - row, columns - column) for row, column in np.argwhere(core)]
    return np.min(found, axis=0) if found else np.full(core.shape, np.inf)


def noise(mode: str, size: tuple[int, int], seed: int = 0) -> Image.Image:
    bands = len(Image.new(mode, (1, 1)).getbands())
    values = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], bands), dtype=np.uint8)
    return Image.fromarray(values[..., 0] if bands == 1 else values)


@st.composite
def pastes(draw: st.DrawFn) -> tuple[Image.Image, np.ndarray, Box]:
    mask = draw(of([0, 0, 0.3, 0.7, 1]))
    height, width = mask.shape
    left, top = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
    right, bottom = draw(st.integers(left + 1, width)), draw(st.integers(top + 1, height))
    mode = draw(st.sampled_from(["L", "RGB", "RGBA"]))
    return noise(mode, (width, height)), mask, (left, top, right, bottom)


@quick
@given(FINE)
def test_masks_come_back_from_their_pictures(mask: np.ndarray) -> None:
    assert masks.picture(mask).image.mode == "L"
    found = masks.read(masks.picture(mask))
    assert found.dtype == np.float32
    assert np.array_equal(found, mask)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_any_picture_is_a_mask_that_stays(mode: str) -> None:
    once = masks.picture(masks.read(images.picture(noise(mode, (9, 7)))))
    assert masks.picture(masks.read(once)) == once


def test_transparent_pixels_are_kept() -> None:
    pixels = np.array([[[255, 255, 255, 0], [255, 255, 255, 255], [0, 0, 0, 255], [255, 255, 255, 51]]], np.uint8)
    mask = masks.read(images.picture(Image.fromarray(pixels)))
    assert mask.tolist() == [pytest.approx([0, 1, 0, 0.2])]


def test_the_threshold_itself_counts() -> None:
    found = masks.thresholded(np.array([[0.2, 0.5, 0.7]], np.float32), 0.5)
    assert found.tolist() == [[0, 1, 1]]
    assert found.dtype == np.float32


def mask_of(*rows: str) -> np.ndarray:
    """`#` is 1, `+` 0.7, `-` 0.3."""
    return np.array([[{"#": 1, "+": 0.7, "-": 0.3}.get(sign, 0) for sign in row] for row in rows], np.float32)


HOLES = [
    (("#####", "#. -#", "#####"), ("#####", "#####", "#####")),
    (("#####", "#.#.#", "##.##", "#####"), ("#####", "#####", "#####", "#####")),
    (("++#", "+.#", "++."), ("++#", "+##", "++.")),
    (("###", "#..", "###"), ("###", "#..", "###")),
    (("...", ".-.", "..."), ("...", ".-.", "...")),
]


@pytest.mark.parametrize(("before", "after"), HOLES)
def test_holes_are_closed(before: tuple[str, ...], after: tuple[str, ...]) -> None:
    assert np.array_equal(masks.without_holes(mask_of(*before)), mask_of(*after))


@quick
@given(SOFT)
def test_closing_holes_only_adds_and_leaves_none(mask: np.ndarray) -> None:
    found = masks.without_holes(mask)
    assert found.dtype == np.float32
    assert np.all((found == mask) | ((found == 1) & (mask < 0.5)))
    assert np.array_equal(masks.without_holes(found), found)


def core_of(mask: np.ndarray) -> np.ndarray:
    """What grows: all that is half as strong as the strongest."""
    return (mask > 0) & (mask >= mask.max() / 2)


@quick
@given(HARD, st.integers(1, 6))
def test_growth_is_a_disc(mask: np.ndarray, pixels: int) -> None:
    core = mask == 1
    larger, smaller = masks.grown(mask, pixels), masks.grown(mask, -pixels)
    assert np.array_equal(larger, np.where(distance(core) <= pixels, 1, mask))
    assert np.array_equal(smaller, np.where(distance(~core) <= pixels, 0, mask))
    assert larger.dtype == smaller.dtype == np.float32


@quick
@given(SOFT, st.integers(1, 6))
def test_growth_leaves_the_core_and_what_is_far(mask: np.ndarray, pixels: int) -> None:
    core = core_of(mask)
    away, larger = distance(core), masks.grown(mask, pixels)
    assert np.array_equal(larger[core], mask[core])
    assert np.array_equal(larger[away > pixels], mask[away > pixels])
    assert np.all(larger[(away > 0) & (away <= pixels)] >= mask.max() / 2)


@quick
@given(SOFT, st.floats(0.125, 1, width=32), st.integers(-6, 6))
def test_a_weaker_mask_grows_as_a_strong_one(mask: np.ndarray, strength: float, pixels: int) -> None:
    weaker = mask * np.float32(strength)
    assert np.allclose(masks.grown(weaker, pixels), masks.grown(mask, pixels) * strength)
    feather = abs(pixels)
    assert np.allclose(masks.feathered(weaker, feather), masks.feathered(mask, feather) * strength)


@quick
@given(SOFT, st.integers(-6, 5))
def test_growth_is_monotone(mask: np.ndarray, pixels: int) -> None:
    assert np.all(masks.grown(mask, pixels) <= masks.grown(mask, pixels + 1))
    assert np.array_equal(masks.grown(mask, 0), mask)


@quick
@given(HARD, st.integers(1, 6))
def test_there_and_back_closes_and_back_and_there_opens(mask: np.ndarray, pixels: int) -> None:
    assert np.all(masks.grown(masks.grown(mask, pixels), -pixels) >= mask)
    assert np.all(masks.grown(masks.grown(mask, -pixels), pixels) <= mask)


def test_a_mask_is_not_drawn_back_from_the_border() -> None:
    assert masks.grown(np.ones((3, 5), np.float32), -4).all()
    assert masks.grown(mask_of("###.."), -1).tolist() == [[1, 1, 0, 0, 0]]


@quick
@given(HARD, st.integers(0, 6))
def test_a_feather_falls_in_a_straight_line(mask: np.ndarray, pixels: int) -> None:
    found, away = masks.feathered(mask, pixels), distance(mask == 1)
    near = away <= pixels
    assert np.allclose(found[near], np.maximum(mask, 1 - away / (pixels + 1))[near])
    assert found.dtype == np.float32


@quick
@given(SOFT, st.integers(0, 6))
def test_a_feather_leaves_the_core_and_what_is_far(mask: np.ndarray, pixels: int) -> None:
    core, found = core_of(mask), masks.feathered(mask, pixels)
    away = distance(core)
    assert np.array_equal(found[core], mask[core])
    assert np.array_equal(found[away > pixels], mask[away > pixels])
    assert np.all((found >= mask) & (found <= mask.max()))


def test_a_feather_in_numbers() -> None:
    assert masks.feathered(mask_of("#....."), 3)[0] == pytest.approx([1, 0.75, 0.5, 0.25, 0, 0])


@quick
@given(FINE)
def test_inverted_twice_is_itself(mask: np.ndarray) -> None:
    assert np.allclose(masks.inverted(masks.inverted(mask)), mask, atol=1e-6)
    assert masks.coverage(mask) + masks.coverage(masks.inverted(mask)) == pytest.approx(1)


ONE, OTHER = mask_of("##..-+"), mask_of("#.#.+-")
COMBINED = {"new": OTHER, "add": mask_of("###.++"), "subtract": mask_of(".#..-+"), "intersect": mask_of("#...--")}


@pytest.mark.parametrize("how", COMBINATIONS)
def test_combinations(how: str) -> None:
    assert masks.combined(ONE, OTHER, how) == pytest.approx(COMBINED[how])


@quick
@given(PAIRS)
def test_combinations_stay_in_order(pair: np.ndarray) -> None:
    one, other = pair
    assert np.all(masks.combined(one, other, "add") >= one)
    assert np.all(masks.combined(one, other, "subtract") <= one)
    assert np.all(masks.combined(one, other, "intersect") <= one)
    nothing = np.zeros_like(one)
    assert np.array_equal(masks.with_strokes(one, nothing, nothing), one)
    assert np.array_equal(masks.with_strokes(one, other, nothing), masks.combined(one, other, "add"))
    assert np.array_equal(masks.with_strokes(one, nothing, other), masks.combined(one, other, "subtract"))


def test_what_is_removed_wins() -> None:
    assert masks.with_strokes(mask_of("#.."), mask_of(".##"), mask_of("#.#")).tolist() == [[0, 1, 0]]


@quick
@given(SOFT)
def test_bounds_are_the_smallest_box(mask: np.ndarray) -> None:
    expected = Image.fromarray(mask > 0).convert("L").getbbox()
    assert masks.bounds(mask) == expected


def test_coverage() -> None:
    assert masks.coverage(mask_of("#..#")) == 0.5
    assert masks.coverage(np.ones((1000, 1000), np.float32)) == 1


REGIONS = [
    ((40, 40, 60, 60), 10, (100, 100), (64, 64), (30, 30, 70, 70)),
    ((40, 45, 60, 55), 0, (100, 100), (64, 64), (40, 40, 60, 60)),
    ((40, 40, 60, 60), 0, (100, 100), (128, 64), (30, 40, 70, 60)),
    ((0, 45, 10, 55), 0, (100, 100), (128, 64), (0, 45, 20, 55)),
    ((90, 0, 100, 40), 4, (100, 100), (64, 64), (56, 0, 100, 44)),
    ((0, 0, 30, 90), 32, (40, 100), (64, 64), (0, 0, 40, 100)),
]


@pytest.mark.parametrize(("bounds", "padding", "size", "shape", "expected"), REGIONS)
def test_regions(bounds: Box, padding: int, size: tuple[int, int], shape: tuple[int, int], expected: Box) -> None:
    assert masks.region(bounds, padding, size, shape) == expected


SIDES = st.integers(8, 90)


@quick
@given(st.data(), st.tuples(SIDES, SIDES), st.tuples(SIDES, SIDES), st.integers(0, 40))
def test_regions_hold_the_bounds_and_stay_inside(
    data: st.DataObject, size: tuple[int, int], shape: tuple[int, int], padding: int
) -> None:
    starts = [data.draw(st.integers(0, side - 1)) for side in size]
    ends = [data.draw(st.integers(start + 1, side + 9)) for start, side in zip(starts, size, strict=True)]
    left, top, right, bottom = masks.region((*starts, *ends), padding, size, shape)
    assert 0 <= left <= starts[0] and 0 <= top <= starts[1]
    assert min(ends[0], size[0]) <= right <= size[0] and min(ends[1], size[1]) <= bottom <= size[1]
    width, height = right - left, bottom - top
    if width < size[0] and height < size[1]:
        is_near = abs(width - height * shape[0] / shape[1]) <= 1 or abs(height - width * shape[1] / shape[0]) <= 1
        assert is_near


@quick
@given(pastes())
def test_pasting_keeps_every_bit_outside(paste: tuple[Image.Image, np.ndarray, Box]) -> None:
    original, mask, box = paste
    left, top, right, bottom = box
    fresh = noise("RGB", (right - left, bottom - top), seed=1)
    found = masks.pasted(original, fresh, mask, box)
    assert found.mode == ("RGBA" if original.mode == "RGBA" else "RGB")
    inside = np.zeros(mask.shape, bool)
    inside[top:bottom, left:right] = True
    before, after = np.asarray(original.convert(found.mode)), np.asarray(found)
    laid = np.zeros((*mask.shape, 3), np.uint8)
    laid[inside] = np.asarray(fresh).reshape(-1, 3)
    is_kept, is_painted = ~inside | (mask == 0), inside & (mask == 1)
    assert np.array_equal(after[is_kept], before[is_kept])
    assert np.array_equal(after[is_painted][:, :3], laid[is_painted])
    if found.mode == "RGBA":
        assert np.all(after[is_painted][:, 3] == 255)
        return
    blend = before + (laid.astype(float) - before) * mask[..., None]
    assert np.all(np.abs(after - blend)[inside] <= 0.501)


def test_hidden_colours_do_not_shine_through() -> None:
    original = Image.fromarray(np.array([[[255, 0, 0, 0], [255, 0, 0, 255]]], np.uint8))
    found = masks.pasted(original, Image.new("RGB", (2, 1), "blue"), np.full((1, 2), 0.4, np.float32), (0, 0, 2, 1))
    assert np.asarray(found).tolist() == [[[0, 0, 255, 102], [153, 0, 102, 255]]]


def test_what_was_painted_larger_is_brought_to_the_box() -> None:
    original, painted = Image.new("RGB", (9, 9)), Image.new("RGB", (64, 32), "red")
    found = masks.pasted(original, painted, np.ones((9, 9), np.float32), (2, 3, 8, 6))
    assert found.getbbox() == (2, 3, 8, 6)
    assert found.crop((2, 3, 8, 6)) == Image.new("RGB", (6, 3), "red")


@pytest.mark.parametrize("colour", ["black", "white", masks.PAPER, masks.TINT, "#22c55e", "grey"])
@pytest.mark.parametrize("soft", [0.05, 0.5, 0.95])
def test_three_kinds_are_told_apart(colour: str, soft: float) -> None:
    mask = np.zeros((96, 288), np.float32)
    mask[:, 96:192], mask[:, 192:] = soft, 1
    found = np.asarray(masks.shown(Image.new("RGB", (288, 96), colour), mask), float)
    kept, between, repainted = (found[8:-8, start + 8 : start + 88].reshape(-1, 3) for start in (0, 96, 192))
    for one, other in ((kept, between), (between, repainted), (kept, repainted)):
        assert np.abs(one.mean(axis=0) - other.mean(axis=0)).max() > 8
    assert kept.std(axis=0).max() == repainted.std(axis=0).max() == 0
    assert between.std(axis=0).max() > 8


def test_the_outline_runs_inside_what_is_repainted() -> None:
    mask = np.zeros((40, 40), np.float32)
    mask[10:30, 10:30] = 1
    found = masks.shown(Image.new("RGB", (40, 40), "white"), mask)
    assert found.size == (40, 40)
    assert found.getpixel((10, 20)) == found.getpixel((20, 29)) == (194, 65, 12)
    assert found.getpixel((9, 20)) == found.getpixel((0, 0))
    assert found.getpixel((11, 20)) == found.getpixel((20, 20)) != (194, 65, 12)


def test_strokes_go_to_the_nearer_colour() -> None:
    layer = Image.new("RGBA", (6, 1), (0, 0, 0, 0))
    for column, colour in enumerate([ADD, f"{REMOVE}80", f"{ADD}40", "#10b04033", "#ff000000"]):
        layer.paste(colour, (column, 0, column + 1, 1))
    added, removed = masks.strokes(layer, (6, 1))
    assert added[0] == pytest.approx([1, 0, 64 * 2 / 255, 0.4, 0, 0])
    assert removed[0] == pytest.approx([0, 1, 0, 0, 0, 0])
    assert added.dtype == removed.dtype == np.float32


@pytest.mark.parametrize("size", [(30, 20), (15, 10), (60, 41)])
def test_strokes_of_another_size_do_not_mix(size: tuple[int, int]) -> None:
    layer = Image.new("RGBA", (30, 20), (0, 0, 0, 0))
    layer.paste(ADD, (0, 0, 10, 20))
    layer.paste(REMOVE, (10, 0, 20, 20))
    added, removed = masks.strokes(layer, size)
    assert added.shape == removed.shape == size[::-1]
    assert np.all(added + removed <= 1 + 1e-6)
    assert masks.coverage(added) == pytest.approx(1 / 3, abs=0.02)
    assert masks.coverage(removed) == pytest.approx(1 / 3, abs=0.02)


def test_an_empty_layer_is_no_stroke() -> None:
    added, removed = masks.strokes(Image.new("RGBA", (4, 3), (255, 255, 255, 0)), (8, 6))
    assert not added.any()
    assert not removed.any()


CHANGES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "without_holes": masks.without_holes,
    "grown": lambda mask: masks.grown(mask, 2),
    "shrunk": lambda mask: masks.grown(mask, -2),
    "feathered": lambda mask: masks.feathered(mask, 2),
    "inverted": masks.inverted,
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("value", [0, 0.3, 0.5, 1])
def test_even_masks_and_what_is_given_are_never_spoilt(change: str, value: float) -> None:
    mask = np.full((5, 4), value, np.float32)
    found = CHANGES[change](mask)
    assert np.all(mask == np.float32(value))
    assert found.shape == mask.shape
    assert np.all((found >= 0) & (found <= 1))


def test_the_page_starts_without_opencv() -> None:
    code = "import sys, studio.masks, studio.fills, studio.algebra; print({'cv2', 'torch', 'scipy'} & {*sys.modules})"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout.strip() == "set()"
