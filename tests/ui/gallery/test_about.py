"""What is told of a picture is what it was made from, and text."""

from html import unescape

from PIL import Image

from studio import axes, images
from studio.grids import Grid
from studio.outputs import Row
from studio.requests import ImageToImage, Reference, TextToImage
from studio.results import to_json
from studio.ui.gallery.about import about, comparison, differences, facts, large

LABELS = {"storybook": "Storybook"}
HOSTILE = "<script>alert(1)</script> ${x} {{y}} '\""
SAID = {"prompt": "a house", "num_inference_steps": 20, "guidance_scale": 4.5, "scheduler": "DPM++ 2M", "seed": 7}
PLAIN = TextToImage(**SAID)


def row(request: TextToImage | Grid, **more: object) -> Row:
    said = {"prompt": request.prompt, "negative_prompt": request.negative_prompt, "checkpoint": request.checkpoint}
    size = {"path": "2026-11-25/a.png", "owner": "", "created": 0.0, "width": 192, "height": 128}
    return Row(**said | size | {"request": to_json(request)} | more)


def test_settings_are_told_by_their_labels() -> None:
    assert facts(row(PLAIN), LABELS) == {
        "Checkpoint": "Storybook",
        "Size": "192 × 128",
        "Steps": "20",
        "Guidance (CFG)": "4.5",
        "Sampler": "DPM++ 2M",
        "Seed": "7",
    }


def test_what_had_an_effect_is_told_too() -> None:
    start = images.picture(Image.new("RGB", (96, 96)))
    request = ImageToImage(**SAID, image=start, strength=0.6, second_pass_scale=2, clip_skip=1)
    told = facts(row(request), {})
    assert told["Strength"] == "0.6" and told["Resize"] == "Crop to fit" and told["Second pass"] == "2"
    assert told["Second strength"] == "0.5" and told["Clip skip"] == "1" and told["Checkpoint"] == "storybook"


def test_what_it_takes_after_is_told() -> None:
    picture = images.picture(Image.new("RGB", (96, 96)))
    both = tuple(Reference(image=picture, ip_adapter_scale=weight) for weight in (0.7, 0.25))
    request = TextToImage(**SAID, references=both, transfer="composition")
    assert facts(row(request), {})["References"] == "Composition only 0.7, 0.25"


def test_the_embeddings_its_words_name_are_told() -> None:
    text = 'a wet look\nSteps: 20, Seed: 7, Size: 192x128, TI hashes: "inkish: 0123456789ab, wet look: ba9876543210"'
    assert facts(row(PLAIN, infotext=text), {})["Embeddings"] == "inkish, wet look"


def test_a_sheet_tells_what_changes_on_it() -> None:
    grid = Grid(base=PLAIN, x=axes.parse("num_inference_steps", "5,10"), y=axes.parse("seed", "1,2"))
    told = facts(row(grid), LABELS)
    assert told["X axis"] == "Steps: 5, 10" and told["Y axis"] == "Seed: 1, 2" and "Z axis" not in told


def test_a_picture_without_settings_is_told_of_all_the_same() -> None:
    bare = Row(path="2026-11-25/a.png", owner="", created=0, width=8, height=8)
    assert facts(bare, LABELS) == {"Size": "8 × 8"}
    assert "No words" in about(bare, LABELS) and "a.png" in about(bare, LABELS)


def test_words_are_text_wherever_they_stand() -> None:
    hostile = row(TextToImage(**SAID | {"prompt": HOSTILE}, negative_prompt=HOSTILE), checkpoint=HOSTILE)
    for html in (
        about(hostile, {}),
        large(hostile),
        comparison(hostile, hostile),
        differences(hostile, row(PLAIN), {}),
    ):
        assert "<script" not in html and HOSTILE not in html and HOSTILE in unescape(html)


def test_only_what_differs_is_compared() -> None:
    html = differences(row(PLAIN), row(TextToImage(**SAID | {"seed": 8}, negative_prompt="fog")), LABELS)
    assert "<th scope='row'>Seed</th><td>7</td><td>8</td>" in html
    assert "<th scope='row'>Without</th><td>–</td><td>fog</td>" in html
    assert "Steps" not in html and "Prompt" not in html
