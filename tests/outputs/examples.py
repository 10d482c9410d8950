"""Requests and results small enough to save a hundred of them in a second."""

from PIL import Image

from studio import images
from studio.requests import ImageToImage, Inpaint, TextToImage
from studio.results import Result

START = images.picture(Image.new("RGB", (16, 16), "green"))
MASK = images.picture(Image.linear_gradient("L").resize((16, 16)))
PLAIN = {
    "prompt": "zwei Bälle, {rot|blau}\nand 😀",
    "negative_prompt": "rain",
    "width": 64,
    "height": 64,
    "num_inference_steps": 4,
    "guidance_scale": 4.0,
    "scheduler": "DPM++ 2M",
    "seed": 7,
}


def request(**changes: object) -> TextToImage:
    """A request with every field decided."""
    return TextToImage(**PLAIN | changes)


def from_start(**changes: object) -> ImageToImage:
    """One with a start image."""
    return ImageToImage(**PLAIN | {"image": START} | changes)


def edited(**changes: object) -> Inpaint:
    """One for an edit by a mask."""
    how = {"image": START, "mask_image": MASK, "verb": "remove", "words": "the {red} house, rot|blau", "strength": 0.4}
    places = {"grow": -3, "feather": 4, "padding_mask_crop": -1}
    return Inpaint(**PLAIN | how | places | changes)


def result(asked: TextToImage | None = None, *, pictures: int = 1, note: str = "") -> Result:
    """Pictures of one colour each, as if they were painted."""
    asked = asked or request(num_images_per_prompt=pictures)
    painted = tuple(Image.new("RGB", (64, 64), (index * 30, 90, 200)) for index in range(pictures))
    return Result(images=painted, request=asked, seconds=1.0, note=note)
