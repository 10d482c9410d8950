"""Settings from a picture file: what is shown is what is set."""

from pathlib import Path

import gradio as gr
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from studio import images, outputs
from studio.axes import Axis
from studio.errors import StudioError
from studio.grids import Grid
from studio.infotext import Hashes
from studio.requests import ImageToImage, Lora, TextToImage
from studio.ui import settings_file, uploads
from studio.ui.page import ASSETS, Page

HOUSE = ASSETS / "examples" / "house.png"
A1111 = (
    "a <b>cat</b>, (night:1.2)\nNegative prompt: blurry\n"
    "Steps: 30, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7, Seed: 5, Size: 512x640, "
    "Model: gone, ENSD: 31337"
)
ASKED = gr.Request()


def sent(path: Path) -> dict[str, str]:
    """The raw value of a component that holds a copy of the file."""
    return {"path": gr.Image().move_resource_to_block_cache(path)}


@pytest.fixture
def foreign(tmp_path: Path) -> dict[str, str]:
    info = PngInfo()
    info.add_text("parameters", A1111)
    Image.new("RGB", (64, 80)).save(tmp_path / "a1111.png", pnginfo=info)
    return sent(tmp_path / "a1111.png")


def test_our_own_file_tells_all(page: Page) -> None:
    found = settings_file.offered(page, sent(HOUSE), ASKED)
    assert found.source == "easel" and not found.unknown and not found.notes
    assert found.values["checkpoint"] == "storybook" and found.values["image"] is None


def test_a_sheet_of_ours_tells_its_axes(page: Page, tmp_path: Path) -> None:
    grid = Grid(base=TextToImage(prompt="a cat"), x=Axis(field="num_inference_steps", values=(4, 8)))
    outputs.write(tmp_path / "sheet.png", Image.new("RGB", (64, 64)), grid)
    found = settings_file.offered(page, sent(tmp_path / "sheet.png"), ASKED)
    assert (found.values["x_field"], found.values["x_values"]) == ("num_inference_steps", "4, 8")
    assert "<dt>X axis</dt><dd>Steps: 4, 8</dd>" in settings_file.shown(page, found)


def test_a_foreign_file_tells_what_it_can(page: Page, foreign: dict[str, str]) -> None:
    found = settings_file.offered(page, foreign, ASKED)
    assert found.values["prompt"] == "a <b>cat</b>, (night:1.2)" and found.values["scheduler"] == "DPM++ 2M Karras"
    assert "checkpoint" not in found.values and "ENSD" in found.unknown
    assert found.values["clip_skip"] == 0, "what it does not name is off"


def test_what_is_shown_is_text(page: Page, foreign: dict[str, str]) -> None:
    shown = settings_file.shown(page, settings_file.offered(page, foreign, ASKED))
    assert "Written by A1111" in shown and "<dt>Steps</dt><dd>30</dd>" in shown and "31337" in shown
    assert "<b>cat</b>" not in shown and "&lt;b&gt;cat&lt;/b&gt;" in shown


def test_a_start_image_is_found_again(page: Page, tmp_path: Path) -> None:
    start = images.read(HOUSE, label="")
    request = ImageToImage(prompt="a cat", image=start, seed=1, width=96, height=96)
    outputs.keep_input(start, page.settings.outputs, owner="local")
    outputs.write(tmp_path / "mine.png", Image.new("RGB", (96, 96)), request)
    found = settings_file.offered(page, sent(tmp_path / "mine.png"), ASKED)
    assert uploads.picture(found.values["image"], label="") == start


def test_a_start_image_that_is_gone_is_told(page: Page, tmp_path: Path) -> None:
    request = ImageToImage(prompt="a", image=images.picture(Image.new("RGB", (9, 9))), seed=1, width=96, height=96)
    outputs.write(tmp_path / "lost.png", Image.new("RGB", (96, 96)), request)
    found = settings_file.offered(page, sent(tmp_path / "lost.png"), ASKED)
    assert found.values["image"] is None and found.notes[-1].startswith("Start image: ")


def test_a_file_without_settings_says_so(page: Page, tmp_path: Path) -> None:
    Image.new("RGB", (64, 64)).save(tmp_path / "bare.png")
    with pytest.raises(StudioError, match="^Picture: it holds no settings"):
        settings_file.offered(page, sent(tmp_path / "bare.png"), ASKED)


def test_a_foreign_path_is_refused(page: Page) -> None:
    with pytest.raises(StudioError, match="^Picture: the file is not here"):
        settings_file.offered(page, {"path": "/etc/passwd"}, ASKED)


def test_embeddings_that_are_not_here_are_named(page: Page, tmp_path: Path) -> None:
    hashes = Hashes(embeddings={"inkish": "0123456789ab", "gone": "ba9876543210"})
    asked = TextToImage(prompt="a gone, inkish cat")
    outputs.write(tmp_path / "a.png", Image.new("RGB", (64, 64)), asked, hashes=hashes)
    found = settings_file.offered(page, sent(tmp_path / "a.png"), ASKED)
    assert found.values["prompt"] == "a gone, inkish cat" and found.unknown == {"Embeddings": "gone"}
    assert found.notes[0].startswith("Embeddings: they are not here, and their names are read as plain words.")


def test_a_lora_that_is_not_here_is_left_out_and_named(page: Page, tmp_path: Path) -> None:
    asked = TextToImage(prompt="a cat", loras=[Lora(name="ink", scale=0.5), Lora(name="gone")])
    outputs.write(tmp_path / "a.png", Image.new("RGB", (64, 64)), asked)
    found = settings_file.offered(page, sent(tmp_path / "a.png"), ASKED)
    assert found.values["loras"] == [{"name": "ink", "scale": 0.5}]
    assert found.unknown == {"LoRAs": "gone 1"} and found.notes[0].startswith("LoRAs: they are not here")
    assert "ink 0.5" in settings_file.shown(page, found)
