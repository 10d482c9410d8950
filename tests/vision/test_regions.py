"""Words find their regions in pictures of Storybook, at the picture's size, and the same words are looked for once."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn.modules.module import register_module_forward_hook
from transformers import CLIPSegForImageSegmentation, CLIPSegProcessor
from transformers.models.clipseg.modeling_clipseg import CLIPSegDecoder, CLIPSegVisionModel

from studio import images
from studio.errors import Cancelled, LoadError
from studio.images import Picture
from studio.pipelines.sources import PROJECT
from studio.results import Preview, Progress
from studio.storybook import queries, render
from studio.storybook.world import Scene, random_scene
from studio.vision import registry
from studio.vision.regions import Regions

MODEL = registry.model("storybook-words")
FOLDER = PROJECT / MODEL.source
# Of what a net says of one picture and words: 192 × 192 numbers of four bytes.
SAID_BYTES = 192 * 192 * 4


@pytest.fixture(scope="module")
def regions() -> Regions:
    return Regions()


def quietly(event: Progress | Preview) -> None:
    """Hears and says nothing."""


def looked(regions: Regions, picture: Picture, *words: str) -> list[np.ndarray]:
    return regions.scores(picture, words, MODEL, FOLDER, report=quietly)


def drawn(scene: Scene, height: int = 128) -> Picture:
    return images.picture(render.picture(scene, height))


@pytest.fixture
def forwards() -> Iterator[list[int]]:
    """For each time that a net looked how many words it was given."""
    calls: list[int] = []

    def count(module: torch.nn.Module, inputs: tuple, output: object) -> None:
        if isinstance(module, CLIPSegDecoder):
            calls.append(output.logits.shape[0])

    hook = register_module_forward_hook(count)
    yield calls
    hook.remove()


def share(one: np.ndarray, other: np.ndarray) -> float:
    """Intersection over union."""
    return (one & other).sum() / (one | other).sum()


def test_things_and_backgrounds_of_the_world_are_found(regions: Regions) -> None:
    things, backgrounds = [], []
    for seed in range(500, 512):
        scene = random_scene(seed)
        classes = render.segmentation(scene, 128)
        asked = [*queries.things(scene, classes), queries.background(scene, classes)]
        *found, background = looked(regions, drawn(scene), *(words for words, _ in asked))
        things += [share(score >= 0.5, truth) for score, (_, truth) in zip(found, asked[:-1], strict=True)]
        backgrounds.append(share(background >= 0.5, asked[-1][1]))
    assert np.mean(things) > 0.7 and np.mean(backgrounds) > 0.8


def test_what_is_not_there_is_not_found(regions: Regions) -> None:
    best = [looked(regions, drawn(random_scene(seed)), "a zebra")[0].max() for seed in range(500, 506)]
    assert np.median(best) < 0.3


@pytest.mark.parametrize("size", [(160, 96), (96, 160), (131, 97), (8, 64), (400, 300)])
def test_scores_are_of_the_picture_s_size_and_from_0_to_1(regions: Regions, size: tuple[int, int]) -> None:
    scene = random_scene(500, aspect=size[0] / size[1])
    picture = images.picture(render.picture(scene, 128).resize(size))
    first, second = looked(regions, picture, "the sky", "the grass")
    assert first.shape == second.shape == size[::-1] and first.dtype == np.float32
    assert min(first.min(), second.min()) >= 0 and max(first.max(), second.max()) <= 1


def test_things_in_wide_pictures_are_found_where_they_are(regions: Regions) -> None:
    scene = random_scene(500, aspect=1.5)
    (words, truth), *_ = queries.things(scene, render.segmentation(scene, 128))
    (score,) = looked(regions, drawn(scene), words)
    assert share(score >= 0.5, truth) > 0.6


@pytest.mark.parametrize("mode", ["L", "RGBA"])
def test_pictures_of_every_kind_are_looked_at(regions: Regions, mode: str) -> None:
    picture = images.picture(drawn(random_scene(501)).image.convert(mode))
    assert picture.image.mode == mode and looked(regions, picture, "the sky")[0].shape == (128, 128)


def test_the_same_words_for_the_same_picture_run_no_net(regions: Regions, forwards: list[int]) -> None:
    picture = drawn(random_scene(600))
    first = looked(regions, picture, "a cat", "the sky")
    assert forwards == [2]
    again = looked(regions, Picture(bytes(picture.data)), "the sky", "a cat")
    assert forwards == [2] and all(np.array_equal(*pair) for pair in zip(first, again[::-1], strict=True))


def test_new_words_run_the_net_for_themselves_alone(regions: Regions, forwards: list[int]) -> None:
    picture = drawn(random_scene(601))
    looked(regions, picture, "a cat")
    looked(regions, picture, "a cat", "the sky")
    assert forwards == [1, 1]
    looked(regions, drawn(random_scene(602)), "a cat")
    assert forwards == [1, 1, 1]


def test_words_said_twice_are_looked_for_once(regions: Regions, forwards: list[int]) -> None:
    one, other = looked(regions, drawn(random_scene(603)), "a cat", "a cat")
    assert forwards == [1] and np.array_equal(one, other)


def test_words_found_together_are_what_they_are_alone(regions: Regions) -> None:
    picture = drawn(random_scene(604))
    together = looked(regions, picture, "the sky", "the mountains behind the house")
    alone = [looked(Regions(), picture, words)[0] for words in ("the sky", "the mountains behind the house")]
    assert all(np.allclose(*pair, atol=1e-4) for pair in zip(together, alone, strict=True))


def test_a_picture_is_seen_once_for_all_words(regions: Regions) -> None:
    seen: list[int] = []

    def count(module: torch.nn.Module, inputs: tuple, output: object) -> None:
        if isinstance(module, CLIPSegVisionModel):
            seen.append(output.last_hidden_state.shape[0])

    hook = register_module_forward_hook(count)
    looked(regions, drawn(random_scene(608)), "the sky", "a cat", "the house")
    hook.remove()
    assert seen == [1]


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@torch.inference_mode()
def test_scores_are_those_of_the_library_s_own_call(regions: Regions, mode: str) -> None:
    words = ["the sky", "a cat", "the mountains behind the house"]
    image = drawn(random_scene(609), 192).image.convert(mode).resize((192, 192))
    net = CLIPSegForImageSegmentation.from_pretrained(FOLDER).eval()
    inputs = CLIPSegProcessor.from_pretrained(FOLDER)(
        text=words, images=[image.convert("RGB")] * len(words), padding=True, truncation=True, return_tensors="pt"
    )
    expected = net(**inputs).logits.sigmoid().numpy()
    for found in (looked(regions, images.picture(image), *words), looked(Regions(), images.picture(image), words[0])):
        assert all(np.allclose(*pair, atol=1e-5) for pair in zip(found, expected, strict=False))


@pytest.mark.parametrize("stopped_at", [0, 1])
def test_a_look_that_is_stopped_before_the_net_is_read_or_runs_runs_none(forwards: list[int], stopped_at: int) -> None:
    told: list[str] = []

    def report(event: Progress | Preview) -> None:
        if len(told) == stopped_at:
            raise Cancelled("Stopped.")
        told.append(event.phase)

    with pytest.raises(Cancelled):
        Regions().scores(drawn(random_scene(610)), ["a cat"], MODEL, FOLDER, report=report)
    assert told == ["reading the mask model"][:stopped_at] and forwards == []


def test_what_was_said_longest_ago_is_forgotten(forwards: list[int]) -> None:
    regions, picture = Regions(budget_bytes=2 * SAID_BYTES), drawn(random_scene(605))
    for words in ("one", "two", "one", "three"):
        looked(regions, picture, words)
    assert len(forwards) == 3
    looked(regions, picture, "one")
    assert len(forwards) == 3
    looked(regions, picture, "two")
    assert len(forwards) == 4


def test_more_words_than_are_kept_are_all_answered() -> None:
    scores = looked(Regions(budget_bytes=SAID_BYTES), drawn(random_scene(606)), "one", "two", "three")
    assert [score.shape for score in scores] == [(128, 128)] * 3


def test_the_caller_s_scores_are_its_own(regions: Regions) -> None:
    picture = images.picture(Image.new("RGB", (192, 192), "green"))
    (score,) = looked(regions, picture, "the grass")
    before = score.copy()
    score.fill(0)
    assert np.array_equal(looked(regions, picture, "the grass")[0], before)


@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "html"])
def test_a_net_that_cannot_be_read_is_named_with_the_remedy(tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "net"
    if damage != "missing":
        shutil.copytree(FOLDER, folder)
        weights = folder / "model.safetensors"
        texts = {"empty": b"", "cut": weights.read_bytes()[:-1000], "html": b"<!doctype html>" * 50}
        weights.write_bytes(texts[damage])
    regions, picture = Regions(), drawn(random_scene(607))
    match = r"^Mask model: Storybook words could not be loaded: .+\. Fetch it again, or choose another\.$"
    with pytest.raises(LoadError, match=match):
        regions.scores(picture, ["a cat"], MODEL, folder, report=quietly)
    assert looked(regions, picture, "a cat")[0].shape == (128, 128)


@pytest.mark.parametrize("name", ["processor_config.json", "tokenizer.json"])
def test_a_net_without_one_of_its_texts_is_refused(tmp_path: Path, name: str) -> None:
    folder = Path(shutil.copytree(FOLDER, tmp_path / "net"))
    (folder / name).unlink()
    with pytest.raises(LoadError, match=r"^Mask model: Mine could not be loaded: .+ Fetch it again, or choose another"):
        Regions().scores(drawn(random_scene(607)), ["a cat"], replace(MODEL, label="Mine"), folder, report=quietly)
