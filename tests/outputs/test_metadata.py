"""Settings are found whoever wrote them: ours first, then A1111's text, then what others write."""

import json
from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from studio import outputs
from studio.axes import Axis
from studio.errors import StudioError
from studio.grids import Grid
from studio.requests import TextToImage
from studio.results import from_json
from tests.outputs import examples

A1111 = "a cat\nNegative prompt: dog\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 5, Size: 512x768, Model: x"


def png(**said: str) -> bytes:
    info = PngInfo()
    for keyword, text in said.items():
        info.add_text(keyword, text)
    file = BytesIO()
    Image.new("RGB", (8, 8)).save(file, "PNG", pnginfo=info)
    return file.getvalue()


def test_our_own_settings_win() -> None:
    ours = json.dumps({"version": "9", "request": {"prompt": "ours", "seed": 3, "sparkle": 1}})
    found = outputs.found(png(parameters=A1111, easel=ours))
    assert (found.source, found.values, found.unknown) == ("easel", {"prompt": "ours", "seed": 3}, {"sparkle": "1"})


@pytest.mark.parametrize(
    "broken", ["", "{", "[]", "null", '{"request": 5}', '{"request": {"prompt": ', '{"version": 1}']
)
def test_broken_settings_of_ours_leave_the_text(broken: str) -> None:
    assert outputs.found(png(parameters=A1111, easel=broken)).values["prompt"] == "a cat"


def test_values_that_break_our_rules_are_named() -> None:
    ours = json.dumps({"request": {"prompt": "x", "width": 10**9, "scheduler": "Warp", "image": "/etc/passwd"}})
    found = outputs.found(png(easel=ours))
    assert found.values == {"prompt": "x"}
    assert set(found.unknown) == {"Width", "Sampler", "Start image"} and len(found.notes) == 3


def test_files_of_the_first_release_are_understood() -> None:
    request = {"prompt": "x", "seed": 5, "num_images_per_prompt": 3}
    found = outputs.found(png(easel=json.dumps({"version": 1, "index": 2, "request": request})))
    assert TextToImage(**found.values) == TextToImage(prompt="x", seed=7)


@pytest.mark.parametrize(
    ("more", "source"),
    [
        ("", "a1111"),
        (", Version: v1.10.1", "a1111"),
        (", Version: f2.0.1v1.10.1-previous-561-g82eb7566", "forge"),
        (", App: SD.Next, Version: 8b73cb6", "sd.next"),
        (', Civitai resources: [{"type":"checkpoint"}]', "civitai"),
        (", Version: ComfyUI", "comfyui"),
        (", Version: Easel 0.3", "easel"),
    ],
)
def test_the_program_is_named(more: str, source: str) -> None:
    found = outputs.found(png(parameters=A1111 + more))
    assert (found.source, found.values["height"], found.values["scheduler"]) == (source, 768, "Euler a")


def test_checkpoints_are_told_by_name() -> None:
    assert outputs.found(png(parameters=A1111), {"x": "my/x"}).values["checkpoint"] == "my/x"
    assert outputs.found(png(parameters=A1111)).unknown["Model"] == "x"


@pytest.mark.parametrize(
    "said", [{}, {"Software": "GIMP"}, {"parameters": " "}, {"parameters": '{"sui": 1}'}, {"prompt": "{}"}]
)
def test_a_picture_without_settings_says_so(said: dict[str, str]) -> None:
    with pytest.raises(StudioError, match="^Picture: it holds no settings that can be read"):
        outputs.found(png(**said))


def test_a_file_saved_without_settings_says_so() -> None:
    with pytest.raises(StudioError, match="no settings"):
        outputs.found(outputs.encoded(Image.new("RGB", (8, 8)), examples.request(embed_metadata=False)))


def test_a_sheet_gives_back_its_grid() -> None:
    grid = Grid(
        base=examples.from_start(),
        x=Axis(field="seed", values=(1, 2)),
        y=Axis(field="checkpoint", values=("a", "/b/c")),
    )
    data = outputs.encoded(Image.new("RGB", (8, 8)), grid)
    found = outputs.found(data)
    again = from_json(found.request, lambda reference: examples.START)
    assert again == replace(grid, y=Axis(field="checkpoint", values=("a", "c"))) and b"/b/c" not in data
    assert found.values["prompt"] == grid.prompt and found.source == "easel"


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("how", [{}, {"verb": "extend", "mask_image": None, "left": 8, "bottom": 16}], ids=str)
def test_an_edit_gives_back_its_request(how: dict[str, object], format: str) -> None:
    asked = examples.edited(**how)
    found = outputs.found(outputs.encoded(Image.new("RGB", (8, 8)), asked, format=format))
    kept = {picture.reference: picture for picture in (examples.START, examples.MASK)}
    assert found.source == "easel" and not found.unknown and not found.notes
    assert from_json(found.request, kept.__getitem__) == asked


def test_a_mask_that_is_no_reference_is_named() -> None:
    ours = json.dumps({"request": {"prompt": "x", "mask_image": "/etc/passwd"}})
    found = outputs.found(png(easel=ours))
    assert found.values == {"prompt": "x"} and set(found.unknown) == {"Mask"} and len(found.notes) == 1
