"""The endpoint of style transfer, called as a stranger would."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from studio import images, outputs
from studio.config import Settings
from studio.ui.page import ASSETS
from tests.ui.conftest import Served, serve

HOUSE, BOAT = (handle_file(str(ASSETS / "examples" / name)) for name in ("house.png", "boat.png"))
HOUSE_REFERENCE = images.read(ASSETS / "examples" / "house.png", label="Picture").reference


@pytest.fixture(scope="module")
def served(styled: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    outputs = tmp_path_factory.mktemp("outputs")
    yield from serve(replace(styled, outputs=outputs, checkpoint="sd1"))


def painted(client: Client, **values: object) -> tuple[list[str], dict]:
    """What `/style` gives for a tiny checkpoint, in a moment."""
    quick = {"width": 256, "height": 256, "num_inference_steps": 2, "guidance_scale": 1.0}
    usual = {"checkpoint": "sd1", "seed": 7, "ip_adapter_images": [HOUSE]}
    return client.predict(**quick | usual | values, api_name="/style")


def pixels(path: str) -> bytes:
    with Image.open(path) as image:
        return image.tobytes()


def test_a_picture_takes_after_another_and_its_details_and_file_say_which(client: Client) -> None:
    (path,), details = painted(client, ip_adapter_scale=0.4, transfer="both")
    said = outputs.found(Path(path)).request
    assert details["request"]["ip_adapter_images"] == [HOUSE_REFERENCE]
    assert said["references"] == [{"image": HOUSE_REFERENCE, "ip_adapter_scale": 0.4}]
    assert (said["transfer"], said["ip_adapter"]) == ("both", "sd15-ip-adapter")


def test_the_request_of_the_details_gives_the_same_bytes_again(client: Client) -> None:
    how = {"ip_adapter_images": [HOUSE, BOAT], "ip_adapter_scale": [0.8, 0.3], "image": BOAT, "keep_drawing": True}
    (path,), details = painted(client, **how)
    assert details["request"]["keep_drawing"] is True and details["obeyed"][0][0]["kind"] == "canny"
    (again,), _ = client.predict(**details["request"], api_name="/style")
    assert pixels(again) == pixels(path)


def test_the_transfer_and_the_weight_show(client: Client) -> None:
    ways = ({}, {"transfer": "composition"}, {"transfer": "both"}, {"ip_adapter_scale": 0.0})
    assert len({pixels(painted(client, **way)[0][0]) for way in ways}) == len(ways)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"ip_adapter_images": []}, "Reference picture: there is none"),
        ({"ip_adapter_images": [HOUSE] * 5}, "5 are too many at once; send 4 or fewer"),
        ({"ip_adapter_scale": [0.5, 0.5]}, "Reference weight: 2 values for 1 references"),
        ({"ip_adapter_scale": 1.5}, "Reference weight: needs a number from 0 to 1"),
        ({"transfer": "mood"}, "Transfer: there is no 'mood'; choose one of style, composition, both"),
        ({"ip_adapter": "sdxl-ip-adapter"}, "is for SDXL, but sd1 is Stable Diffusion 1.x. What fits: Standard, "),
        ({"keep_drawing": True}, "Keep the drawing: there is no start image"),
        ({"checkpoint": "sd2"}, "IP-Adapter: there is none for Stable Diffusion 2.x"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_cannot_be_heard_is_refused_in_words(client: Client, values: dict[str, object], said: str) -> None:
    with pytest.raises(AppError, match=said):
        painted(client, **values)


@pytest.mark.parametrize(("size", "said"), [((1, 1), "are too few"), ((400, 8), "times as long as wide")])
def test_a_reference_that_shows_nothing_is_refused(
    client: Client, tmp_path: Path, size: tuple[int, int], said: str
) -> None:
    file = tmp_path / "reference.png"
    Image.new("RGB", size).save(file)
    with pytest.raises(AppError, match=f"Reference picture: .*{said}"):
        painted(client, ip_adapter_images=[handle_file(str(file))])


def test_a_reference_that_is_damaged_is_refused(client: Client, tmp_path: Path) -> None:
    file = tmp_path / "reference.png"
    file.write_bytes((ASSETS / "examples" / "house.png").read_bytes()[:-500])
    with pytest.raises(AppError, match="Reference picture: the file is damaged"):
        painted(client, ip_adapter_images=[handle_file(str(file))])
