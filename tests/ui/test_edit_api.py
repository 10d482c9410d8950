"""The endpoints of the Edit tab, called as a stranger would: masks and pictures back, the rest kept bit for bit."""

import json
from collections.abc import Iterator
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from studio import images, masks, results, rules
from studio.config import Settings
from studio.requests import CutOut, FindMask, Inpaint, canvas
from studio.storybook import render
from studio.storybook.world import Mix, Scene, random_scene
from studio.ui.page import ASSETS
from tests.ui.conftest import Served, serve

# What a client sends.
File = dict[str, Any]

HOUSE = ASSETS / "examples" / "house.png"
QUICK = {"checkpoint": "storybook", "num_inference_steps": 4, "seed": 7}
# For what is the same whoever paints.
TINY = {"checkpoint": "one", "num_inference_steps": 1, "seed": 7, "strength": 1.0}
BOX = (48, 56, 80, 96)
FINDING = ("source", "mask_model", "threshold", "fill_holes", "invert")


def defaults(request_type: type) -> dict[str, object]:
    """As the endpoints have them: a picture may be left out, and parts are a list."""
    taken = [row for row in fields(request_type) if row.name not in results.PARTS]
    given = {row.name: None if row.default is MISSING else row.default for row in taken}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in given.items()}


FIND, CUT = defaults(FindMask), defaults(CutOut)
EDIT = defaults(Inpaint) | {name: FIND[name] for name in FINDING}


def called(url: str, endpoint: str, values: dict[str, Any], visitor: str = "") -> str:
    """What an endpoint answers a visitor in the end; values are those of its defaults that are not as there."""
    ordered = {"mask": FIND, "cut_out": CUT, "edit": EDIT}[endpoint] | values
    cookies = {"easel_visitor": visitor} if visitor else {}
    with httpx.Client(base_url=url, cookies=cookies, timeout=120) as client:
        body = {"data": list(ordered.values())}
        event = client.post(f"gradio_api/call/{endpoint}", json=body).json()["event_id"]
        return client.get(f"gradio_api/call/{endpoint}/{event}").text.strip().splitlines()[-1]


def pixels(path: str | Path, mode: str = "RGB") -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert(mode))


def saved(image: Image.Image, path: Path, **how: object) -> File:
    """The image as a file that a client sends."""
    image.save(path, **how)
    return handle_file(str(path))


def box_mask(path: Path, size: tuple[int, int] = (128, 128), box: tuple[int, int, int, int] = BOX) -> File:
    """A file of a mask, white in a box."""
    mask = Image.new("L", size)
    mask.paste(255, box)
    return saved(mask, path)


@pytest.fixture(scope="module")
def house() -> File:
    return handle_file(str(HOUSE))


@pytest.fixture(scope="module")
def mask(tmp_path_factory: pytest.TempPathFactory) -> File:
    return box_mask(tmp_path_factory.mktemp("masks") / "mask.png")


# Parameters


@pytest.mark.parametrize(("name", "wanted"), [("/mask", FIND), ("/cut_out", CUT), ("/edit", EDIT)])
def test_parameters_are_the_fields_of_the_request(client: Client, name: str, wanted: dict[str, object]) -> None:
    endpoint = client.view_api(return_format="dict", print_info=False)["named_endpoints"][name]
    told = {row["parameter_name"]: row["parameter_default"] for row in endpoint["parameters"]}
    assert told == wanted
    assert all(row["parameter_has_default"] and row["type"]["description"] for row in endpoint["parameters"])


# /mask


@pytest.fixture(scope="module")
def scene() -> Scene:
    """One thing that stands before a background, and whose place in the picture is known."""
    return random_scene(7_000_000, Mix(two_things=0.0))


@pytest.fixture(scope="module")
def painted(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> File:
    return saved(render.picture(scene, 128), tmp_path_factory.mktemp("scene") / "scene.png")


def overlap(found: np.ndarray, there: np.ndarray) -> float:
    """Intersection over union."""
    return float((found & there).sum() / (found | there).sum())


@pytest.fixture(scope="module")
def found(client: Client, house: File) -> tuple[np.ndarray, dict[str, Any]]:
    """The mask of the house, and its details."""
    path, details = client.predict(image=house, words="the house", api_name="/mask")
    return pixels(path, "L"), details


def test_what_words_name_is_white_in_the_mask(client: Client, scene: Scene, painted: File) -> None:
    path, _ = client.predict(image=painted, words=f"the {scene.things[0].kind}", api_name="/mask")
    assert overlap(pixels(path, "L") > 127, render.mask(scene, 0, 128)) > 0.6


def test_a_mask_is_a_grey_png_of_the_picture_s_size(client: Client, tmp_path: Path) -> None:
    wide = saved(Image.open(HOUSE).crop((0, 20, 128, 116)), tmp_path / "wide.png")
    path, _ = client.predict(image=wide, words="the house", api_name="/mask")
    with Image.open(path) as image:
        assert (image.format, image.mode, image.size) == ("PNG", "L", (128, 96))


def test_details_of_a_mask_tell_its_share_and_how_sure_it_is(found: tuple[np.ndarray, dict[str, Any]]) -> None:
    mask, details = found
    assert details["coverage"] == pytest.approx(mask.mean() / 255, abs=1e-3)
    assert 0.5 <= details["score"] <= 1 and details["seconds"] > 0


def test_a_lower_threshold_takes_in_more(client: Client, house: File) -> None:
    asked = {"image": house, "words": "the house", "fill_holes": False, "api_name": "/mask"}
    low, high = (pixels(client.predict(**asked, threshold=each)[0], "L") for each in (0.02, 0.7))
    assert (low >= high).all() and (low > high).any()


def test_a_mask_is_grown_by_pixels(client: Client, house: File, found: tuple[np.ndarray, dict[str, Any]]) -> None:
    path, details = client.predict(image=house, words="the house", grow=6, api_name="/mask")
    assert (pixels(path, "L") == np.rint(255 * masks.grown(found[0] / np.float32(255), 6))).all()
    assert details["coverage"] > found[1]["coverage"]


def test_a_mask_is_feathered_outwards(client: Client, house: File, found: tuple[np.ndarray, dict[str, Any]]) -> None:
    path, _ = client.predict(image=house, words="the house", feather=6, api_name="/mask")
    soft = pixels(path, "L")
    assert ((soft > 0) & (soft < 255)).any() and (soft[found[0] == 255] == 255).all()


def test_a_mask_is_inverted(client: Client, house: File, found: tuple[np.ndarray, dict[str, Any]]) -> None:
    path, details = client.predict(image=house, words="the house", invert=True, api_name="/mask")
    assert (pixels(path, "L") == 255 - found[0]).all()
    assert details["coverage"] == pytest.approx(1 - found[1]["coverage"], abs=1e-3)


def test_what_words_name_is_joined_to_a_mask(
    client: Client, house: File, mask: File, found: tuple[np.ndarray, dict[str, Any]]
) -> None:
    asked = {"image": house, "words": "the house", "mask_image": mask, "combine": "add"}
    path, _ = client.predict(**asked, api_name="/mask")
    there = np.zeros((128, 128), bool)
    there[BOX[1] : BOX[3], BOX[0] : BOX[2]] = True
    assert ((pixels(path, "L") > 127) == (there | (found[0] > 127))).all()


def test_the_foreground_is_white_in_the_mask(client: Client, scene: Scene, painted: File) -> None:
    path, details = client.predict(image=painted, source="foreground", api_name="/mask")
    assert overlap(pixels(path, "L") > 127, render.mask(scene, 0, 128)) > 0.6
    assert details["score"] >= 0.5


def test_words_that_match_nothing_tell_the_best_and_the_threshold(client: Client, house: File) -> None:
    said = r"^Mask: nothing in the picture looks like 'the boat' \(best 0\.\d\d, threshold 0\.9\)\. Use other words, or"
    with pytest.raises(AppError, match=said):
        client.predict(image=house, words="the boat", threshold=0.9, api_name="/mask")


# /edit

VERBS = {
    "replace": {"words": "the house", "prompt": "a purple tree"},
    "remove": {"words": "the house"},
    "add": {"mask_image": True, "prompt": "a red ball"},
    "restyle": {"words": "the house", "prompt": "a blue house, watercolor"},
    "background": {"words": "the house", "prompt": "in the snow, night"},
    "extend": {"right": 32, "prompt": "a red house in the snow, sunset"},
}


@dataclass(frozen=True)
class Edited:
    """What a verb made of the house: the picture with its sides, the share repainted, and the file and its details."""

    verb: str
    before: np.ndarray
    mask: np.ndarray
    path: str
    details: dict[str, Any]

    @property
    def after(self) -> np.ndarray:
        return pixels(self.path)


@pytest.fixture(scope="module", params=list(VERBS))
def edited(request: pytest.FixtureRequest, client: Client, served: Served, house: File, mask: File) -> Edited:
    """The house after each verb."""
    asked = {**QUICK, "image": house, "verb": request.param, **VERBS[request.param]}
    asked |= {"mask_image": mask} if "mask_image" in asked else {}
    (path,), details = client.predict(**asked, api_name="/edit")
    ran = results.from_json(details["request"], lambda reference: served.engine.find_picture(reference, "local"))
    whole = canvas(ran)
    return Edited(request.param, np.asarray(whole.image.convert("RGB")), whole.mask, path, details)


def test_a_verb_changes_nothing_outside_its_mask(edited: Edited) -> None:
    kept = edited.mask == 0
    assert kept.any() and (edited.after[kept] == edited.before[kept]).all()


def test_a_verb_changes_what_is_in_its_mask(edited: Edited) -> None:
    inside = edited.mask == 1
    assert (edited.after[inside] != edited.before[inside]).any(axis=1).mean() > 0.5


def test_details_of_a_verb_are_resolved_and_name_the_verb(edited: Edited) -> None:
    request = edited.details["request"]
    open_still = {name for name, value in request.items() if value is None}
    assert request["verb"] == edited.verb and request["image"].startswith("sha256:") and edited.details["job"]
    assert open_still <= {"mask_image"} and (not open_still or request["verb"] == "extend")


def test_details_of_an_edit_give_the_same_bytes_again(client: Client, edited: Edited) -> None:
    again, _ = client.predict(**edited.details["request"], api_name="/edit")
    assert Path(again[0]).read_bytes() == Path(edited.path).read_bytes()


def test_an_edit_by_words_tells_of_the_mask_it_found(client: Client, house: File) -> None:
    _, details = client.predict(image=house, words="the house", prompt="a tree", **TINY, api_name="/edit")
    assert 0 < details["coverage"] < 1 and details["score"] >= 0.5
    assert details["request"]["mask_image"].startswith("sha256:")


def test_an_edit_by_words_takes_the_mask_that_mask_finds(
    client: Client, served: Served, house: File, found: tuple[np.ndarray, dict[str, Any]]
) -> None:
    _, details = client.predict(image=house, words="the house", prompt="a tree", **TINY, api_name="/edit")
    kept = served.engine.find_picture(details["request"]["mask_image"], "local")
    assert (np.asarray(kept.image) == found[0]).all()


def test_what_is_kept_for_a_new_background_is_what_words_name(
    client: Client, served: Served, house: File, found: tuple[np.ndarray, dict[str, Any]]
) -> None:
    asked = {"image": house, "words": "the house", "verb": "background", "prompt": "night"}
    _, details = client.predict(**asked, **TINY, api_name="/edit")
    used = served.engine.find_picture(details["request"]["mask_image"], "local")
    assert (np.asarray(used.image) == 255 - found[0]).all()


def test_what_is_kept_for_a_new_background_is_the_foreground_without_words(
    client: Client, served: Served, scene: Scene, painted: File
) -> None:
    _, details = client.predict(image=painted, verb="background", prompt="night", **TINY, api_name="/edit")
    used = served.engine.find_picture(details["request"]["mask_image"], "local")
    assert overlap(np.asarray(used.image) < 128, render.mask(scene, 0, 128)) > 0.6


def test_an_edit_reaches_no_further_than_its_mask_grown_and_feathered(client: Client, house: File, mask: File) -> None:
    files, _ = client.predict(image=house, mask_image=mask, grow=4, feather=5, **TINY, api_name="/edit")
    changed = (pixels(files[0]) != pixels(HOUSE)).any(axis=2)
    left, top, right, bottom = masks.bounds(changed)
    assert changed[60, 60] and (left >= 39 and top >= 47 and right <= 89 and bottom <= 105)


def test_what_is_added_at_the_sides_leaves_the_picture_where_it_is(client: Client, house: File) -> None:
    asked = {"image": house, "verb": "extend", "left": 24, "bottom": 16, "feather": 4}
    files, _ = client.predict(**asked, **TINY, api_name="/edit")
    after = pixels(files[0])
    assert after.shape == (144, 152, 3)
    assert (after[:124, 28:] == pixels(HOUSE)[:124, 4:]).all()


def test_a_mask_can_be_named_again_by_its_reference(client: Client, house: File, mask: File) -> None:
    first, details = client.predict(image=house, mask_image=mask, prompt="a tree", **TINY, api_name="/edit")
    reference = details["request"]["mask_image"]
    assert reference.startswith("sha256:")
    again, _ = client.predict(image=house, mask_image=reference, prompt="a tree", **TINY, api_name="/edit")
    assert Path(again[0]).read_bytes() == Path(first[0]).read_bytes()


def test_as_many_pictures_as_asked(client: Client, house: File, mask: File) -> None:
    asked = {"image": house, "mask_image": mask, "num_images_per_prompt": 2}
    files, details = client.predict(**asked, **TINY, api_name="/edit")
    assert len(set(files)) == 2 and details["seeds"] == [7, 8]


# Pictures of every kind


def of_kind(kind: str, path: Path) -> tuple[File, tuple[int, int]]:
    """A file of the house, 128×96, in a way that few pictures are kept, and the size it is seen at."""
    house = Image.open(HOUSE).convert("RGB").crop((0, 20, 128, 116))
    if kind == "RGBA":
        house.putalpha(Image.linear_gradient("L").resize(house.size))
        return saved(house, path / "house.png"), (128, 96)
    if kind == "palette":
        return saved(house.quantize(16), path / "house.png"), (128, 96)
    if kind == "16 bits":
        grey = np.asarray(house.convert("L"), np.uint16) * 257
        return saved(Image.fromarray(grey), path / "house.png"), (128, 96)
    if kind == "CMYK":
        return saved(house.convert("CMYK"), path / "house.jpg"), (128, 96)
    turned = Image.Exif()
    turned[0x0112] = 6
    return saved(house, path / "house.jpg", exif=turned), (96, 128)


KINDS = ("RGBA", "palette", "16 bits", "CMYK", "turned by EXIF")


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_of_any_kind_is_edited_at_its_size(client: Client, tmp_path: Path, kind: str) -> None:
    image, size = of_kind(kind, tmp_path)
    mask = box_mask(tmp_path / "mask.png", size)
    files, _ = client.predict(image=image, mask_image=mask, **TINY, api_name="/edit")
    with Image.open(files[0]) as picture:
        assert picture.size == size and picture.mode == ("RGBA" if kind == "RGBA" else "RGB")


@pytest.mark.parametrize("kind", KINDS)
def test_a_mask_of_any_kind_of_picture_has_its_size(client: Client, tmp_path: Path, kind: str) -> None:
    image, size = of_kind(kind, tmp_path)
    path, _ = client.predict(image=image, words="the house", threshold=0.02, api_name="/mask")
    assert Image.open(path).size == size


def test_what_was_transparent_outside_the_mask_stays_so(client: Client, tmp_path: Path) -> None:
    image, size = of_kind("RGBA", tmp_path)
    mask = box_mask(tmp_path / "mask.png", size)
    files, _ = client.predict(image=image, mask_image=mask, grow=0, feather=0, **TINY, api_name="/edit")
    before, after = pixels(tmp_path / "house.png", "RGBA"), pixels(files[0], "RGBA")
    kept = pixels(tmp_path / "mask.png", "L") == 0
    assert (after[kept] == before[kept]).all()
    assert (after[~kept][:, 3] == 255).all()


# What is refused


@pytest.mark.parametrize("endpoint", ["mask", "cut_out", "edit"])
def test_without_a_picture_one_is_asked_for(served: Served, endpoint: str) -> None:
    given = {} if endpoint == "cut_out" else {"words": "the house"}
    assert called(served.url, endpoint, given).startswith('data: {"error": "Picture: ')


@pytest.mark.parametrize("words", ["", "   "])
def test_without_words_and_mask_an_edit_asks_for_one(client: Client, house: File, words: str) -> None:
    with pytest.raises(AppError, match=r"^Mask: there is none\. Say in words what to change, or send a mask\."):
        client.predict(image=house, words=words, **TINY, api_name="/edit")


def test_without_words_a_mask_asks_for_them(client: Client, house: File) -> None:
    with pytest.raises(AppError, match=r"^Words: "):
        client.predict(image=house, api_name="/mask")


@pytest.mark.parametrize("endpoint", ["/mask", "/cut_out", "/edit"])
def test_a_mask_of_another_size_is_refused(client: Client, house: File, tmp_path: Path, endpoint: str) -> None:
    small = box_mask(tmp_path / "mask.png", (64, 64), (8, 8, 16, 16))
    with pytest.raises(AppError, match=r"^Mask: 64×64 pixels where the picture has 128×128\. Make it of"):
        client.predict(image=house, mask_image=small, api_name=endpoint)


FINDING = [("invert", True), ("threshold", 0.3), ("fill_holes", False), ("source", "none"), ("mask_model", "clipseg")]


@pytest.mark.parametrize(("name", "value"), FINDING)
def test_how_to_find_a_mask_is_refused_beside_one(
    client: Client, house: File, mask: File, name: str, value: object
) -> None:
    label = rules.of(FindMask)[name].label
    with pytest.raises(AppError, match=f"^{label}: the mask is sent, so none is found. Leave it out."):
        client.predict(image=house, mask_image=mask, prompt="a tree", **TINY, **{name: value}, api_name="/edit")


def test_how_to_find_a_mask_is_refused_of_extend(client: Client, house: File) -> None:
    with pytest.raises(AppError, match="^Threshold: Extend needs no mask, so none is found. Leave it out."):
        client.predict(image=house, verb="extend", right=16, threshold=0.3, **TINY, api_name="/edit")


def test_a_mask_that_is_not_kept_is_named_by_its_label(client: Client, house: File) -> None:
    with pytest.raises(AppError, match="^Mask: it is not kept here any more"):
        client.predict(image=house, mask_image="sha256:" + "0" * 64, prompt="a tree", **TINY, api_name="/edit")


@pytest.mark.parametrize("endpoint", ["/cut_out", "/edit"])
def test_an_empty_mask_is_refused(client: Client, house: File, tmp_path: Path, endpoint: str) -> None:
    empty = saved(Image.new("L", (128, 128)), tmp_path / "empty.png")
    with pytest.raises(AppError, match=r"^Mask: it is empty[.,].*(Find|paint)"):
        client.predict(image=house, mask_image=empty, api_name=endpoint)


def test_a_mask_of_the_whole_picture_is_refused(client: Client, house: File, tmp_path: Path) -> None:
    full = saved(Image.new("L", (128, 128), 255), tmp_path / "full.png")
    with pytest.raises(AppError, match=r"^Mask: it covers the whole picture.*Narrow it, or use Generate\."):
        client.predict(image=house, mask_image=full, api_name="/edit")


@pytest.mark.parametrize("endpoint", ["/mask", "/cut_out", "/edit"])
def test_a_text_file_is_no_picture(client: Client, tmp_path: Path, endpoint: str) -> None:
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(AppError, match=r"^Picture: not a picture we can read"):
        client.predict(image=handle_file(str(tmp_path / "text.png")), api_name=endpoint)


@pytest.mark.parametrize("endpoint", ["/mask", "/cut_out", "/edit"])
def test_a_text_file_is_no_mask(client: Client, house: File, tmp_path: Path, endpoint: str) -> None:
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(AppError, match=r"^Mask: not a picture we can read"):
        client.predict(image=house, mask_image=handle_file(str(tmp_path / "text.png")), api_name=endpoint)


def test_sides_are_for_extend_alone(client: Client, house: File, mask: File) -> None:
    with pytest.raises(AppError, match=r"^Sides: Replace adds none\. Choose Extend, or leave them at 0\."):
        client.predict(image=house, mask_image=mask, left=16, api_name="/edit")


def test_extend_needs_a_side(client: Client, house: File) -> None:
    with pytest.raises(AppError, match=r"^Sides: Extend needs a side to add to\."):
        client.predict(image=house, verb="extend", api_name="/edit")


@pytest.mark.parametrize("by", ["words", "mask_image"])
def test_a_verb_there_is_none_of_is_refused(client: Client, house: File, mask: File, by: str) -> None:
    given = {"words": "the house"} if by == "words" else {"mask_image": mask}
    with pytest.raises(AppError, match=r"^Change: there is no 'vanish'.*remove"):
        client.predict(image=house, verb="vanish", **given, api_name="/edit")


BAD_VALUES = [
    ("words", 5),
    ("words", "a\0b"),
    ("verb", 5),
    ("verb", None),
    ("threshold", 2),
    ("threshold", "high"),
    ("source", "magic"),
    ("mask_model", "clipsog"),
    ("mask_model", "u2netp"),
    ("fill_holes", "no"),
    ("invert", "no"),
    ("invert", None),
    ("grow", 500),
    ("feather", -1),
    ("padding_mask_crop", 1.5),
    ("left", -8),
    ("strength", 0),
    ("num_inference_steps", 0),
    ("checkpoint", "../one"),
]
LABELS = {name: rule.label for name, rule in (rules.of(FindMask) | rules.of(Inpaint)).items()}


@pytest.mark.parametrize(("field", "value"), BAD_VALUES, ids=lambda value: repr(value)[:20])
def test_a_bad_value_of_an_edit_is_refused_by_its_label(served: Served, sent: File, field: str, value: object) -> None:
    answer = called(served.url, "edit", {**TINY, "image": sent, "words": "the house", field: value})
    assert answer.startswith('data: {"error": "' + LABELS[field] + ": ")


@pytest.fixture(scope="module")
def sent(served: Served) -> File:
    """The house where it was sent to."""
    return upload(served.url)


def upload(url: str, visitor: str = "") -> File:
    cookies = {"easel_visitor": visitor} if visitor else {}
    files = {"files": ("house.png", HOUSE.read_bytes(), "image/png")}
    (path,) = httpx.post(f"{url}gradio_api/upload", files=files, cookies=cookies).json()
    return {"path": path, "meta": {"_type": "gradio.FileData"}}


def test_after_a_refusal_the_next_edit_runs(client: Client, house: File, mask: File) -> None:
    with pytest.raises(AppError):
        client.predict(image=house, mask_image=mask, grow=500, **TINY, api_name="/edit")
    files, _ = client.predict(image=house, mask_image=mask, **TINY, api_name="/edit")
    assert len(files) == 1


# /cut_out


def test_what_a_mask_shows_is_cut_out_on_nothing(client: Client, house: File, mask: File) -> None:
    path, details = client.predict(image=house, mask_image=mask, api_name="/cut_out")
    with Image.open(path) as image:
        assert (image.format, image.mode, image.size) == ("PNG", "RGBA", (128, 128))
    cut = pixels(path, "RGBA")
    assert cut[60, 60, 3] == 255 and (cut[:40, :, 3] == 0).all() and details["seconds"] > 0


def test_the_colours_behind_what_is_cut_out_are_gone(client: Client, house: File, mask: File) -> None:
    path, _ = client.predict(image=house, mask_image=mask, api_name="/cut_out")
    cut = pixels(path, "RGBA")
    assert (cut[:40, :, :3] != pixels(HOUSE)[:40]).any()


def test_without_a_mask_the_foreground_is_cut_out(client: Client, scene: Scene, painted: File) -> None:
    path, _ = client.predict(image=painted, api_name="/cut_out")
    assert overlap(pixels(path, "RGBA")[..., 3] > 127, render.mask(scene, 0, 128)) > 0.6


# Whose pictures

ONE, OTHER = "1" * 32, "2" * 32


@pytest.fixture(scope="module")
def public(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A studio that others can reach; the platform it stands on decides who may come."""
    outputs = tmp_path_factory.mktemp("public")
    yield from serve(Settings(models=models, outputs=outputs, device="cpu", checkpoint="one", listen="0.0.0.0"))


@pytest.fixture(scope="module")
def references(public: Served) -> dict[str, str]:
    """Picture and mask of an edit by one visitor."""
    mask = Image.new("L", (128, 128))
    mask.paste(255, BOX)
    request = Inpaint(image=images.picture(Image.open(HOUSE)), mask_image=images.picture(mask), **TINY)
    job = public.engine.submit(request, ONE)
    *_, result = public.engine.events(job.id, ONE)
    return {name: getattr(result.request, name).reference for name in ("image", "mask_image")}


@pytest.mark.parametrize("endpoint", ["mask", "cut_out", "edit"])
def test_a_visitor_can_name_a_picture_of_their_own(public: Served, references: dict[str, str], endpoint: str) -> None:
    given = {"mask": {"source": "none"}, "cut_out": {}, "edit": TINY}[endpoint]
    answer = json.loads(called(public.url, endpoint, {**references, **given}, ONE).removeprefix("data: "))
    assert "error" not in answer


@pytest.mark.parametrize("endpoint", ["mask", "cut_out", "edit"])
def test_nobody_can_name_a_picture_of_another_visitor(
    public: Served, references: dict[str, str], endpoint: str
) -> None:
    answer = called(public.url, endpoint, {"image": references["image"]}, OTHER)
    assert '"error"' in answer and "it is not kept here any more" in answer


@pytest.mark.parametrize("endpoint", ["mask", "cut_out", "edit"])
def test_nobody_can_name_a_mask_of_another_visitor(public: Served, references: dict[str, str], endpoint: str) -> None:
    given = {"image": upload(public.url, OTHER), "mask_image": references["mask_image"]}
    answer = called(public.url, endpoint, given, OTHER)
    assert '"error"' in answer and "it is not kept here any more" in answer
