"""Edits: what is not masked stays bit for bit, whatever the picture and the family; the rest is painted as asked."""

import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from studio import catalog, images, masks
from studio.config import Settings
from studio.errors import Cancelled, InvalidField, RunError
from studio.images import picture
from studio.pipelines.manager import PipelineManager
from studio.requests import Inpaint, TextToImage, canvas, resolved, single
from studio.results import Preview, Progress, Result
from studio.tasks import run
from tests import tiny

INPAINTERS = tuple(f"{family}-inpainting" for family in tiny.INPAINTERS)
EVERY = (*tiny.WRITERS, *INPAINTERS)
# One of each class of pipeline and kind of denoiser.
SEEN = ("storybook", "sdxl", "sd3", *INPAINTERS)
ODD = (131, 97)
MODES = ("RGB", "RGBA", "L")
# Verbs that leave the picture its size.
WITHIN = tuple(verb.name for verb in catalog.VERBS if verb.name != "extend")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> PipelineManager:
    """A manager that finds every family's checkpoint, and those made for inpainting, by their names."""
    folder = tmp_path_factory.mktemp("models")
    for seed, (name, write) in enumerate(tiny.WRITERS.items()):
        write(folder / name, seed)
    for seed, (family, write) in enumerate(tiny.INPAINTERS.items()):
        write(folder / f"{family}-inpainting", seed)
    return PipelineManager(Settings(models=folder, outputs=folder / "outputs", device="cpu"))


@pytest.fixture(scope="module")
def bundled(tmp_path_factory: pytest.TempPathFactory) -> PipelineManager:
    """A manager that finds Storybook itself."""
    return PipelineManager(Settings(outputs=tmp_path_factory.mktemp("outputs"), device="cpu"))


@pytest.fixture
def manager(kept: PipelineManager) -> PipelineManager:
    return kept


def quietly(event: Progress | Preview) -> None:
    """Hears and says nothing."""


def noise(mode: str, size: tuple[int, int], seed: int = 0) -> Image.Image:
    """Patches of every colour, half of them see-through if the mode has an alpha."""
    bands = len(Image.new(mode, (1, 1)).getbands())
    values = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], bands), dtype=np.uint8)
    return Image.fromarray(values[..., 0] if bands == 1 else values)


def inpaint(checkpoint: str, size: tuple[int, int] = ODD, mode: str = "RGB", **how: object) -> Inpaint:
    """A request that takes a moment, its mask a box a third as wide and high as the picture."""
    mask = Image.new("L", size)
    mask.paste(255, (size[0] // 3, size[1] // 3, size[0] * 2 // 3, size[1] * 2 // 3))
    row = catalog.family(next(name for name in tiny.WRITERS if checkpoint.startswith(name)))
    values = {
        "prompt": "a red house",
        "checkpoint": checkpoint,
        "image": picture(noise(mode, size)),
        "mask_image": picture(mask),
        "width": row.minimum_size,
        "height": row.minimum_size,
        "guidance_scale": 4.0,
        "num_inference_steps": 2,
        "grow": 2,
        "feather": 4,
        "seed": 7,
    }
    return Inpaint(**values | how)


def bytes_of(result: Result) -> list[bytes]:
    return [image.tobytes() for image in result.images]


def assert_rest_is_kept(result: Result, original: Image.Image) -> None:
    """`original` is the picture on a canvas of the result's size; the mask is the one that was asked for, and grown."""
    mask = canvas(result.request).mask
    for image in result.images:
        assert (image.mode, image.size) == (original.mode, original.size) == (original.mode, mask.shape[::-1])
        before, after = np.asarray(original), np.asarray(image)
        assert np.array_equal(before[mask == 0], after[mask == 0])
        assert (mask == 0).mean() > 0.3 and (before[mask == 1] != after[mask == 1]).mean() > 0.5


@pytest.mark.parametrize("checkpoint", EVERY)
def test_nothing_outside_the_mask_changes(manager: PipelineManager, checkpoint: str) -> None:
    request = inpaint(checkpoint)
    assert_rest_is_kept(run(request, manager, quietly), request.image.image)


@pytest.mark.parametrize("size", [ODD, (96, 160), (64, 8)])
@pytest.mark.parametrize("mode", MODES)
def test_pictures_of_every_kind_keep_their_size_and_what_is_not_masked(
    manager: PipelineManager, mode: str, size: tuple[int, int]
) -> None:
    request = inpaint("storybook", size, mode, grow=0, feather=1)
    original = request.image.image
    assert original.mode == mode
    # What is painted has colours, so a grey picture comes back with three equal channels.
    assert_rest_is_kept(run(request, manager, quietly), original if mode == "RGBA" else original.convert("RGB"))


def test_what_is_painted_over_what_is_transparent_is_seen(manager: PipelineManager) -> None:
    result = run(inpaint("storybook", mode="RGBA"), manager, quietly)
    alpha = np.asarray(result.images[0].getchannel("A"))
    mask = canvas(result.request).mask
    assert (alpha[mask == 1] == 255).all() and (alpha[mask == 0] < 255).any()


def test_colours_that_lie_hidden_are_not_painted_from(manager: PipelineManager) -> None:
    pixels = np.array(noise("RGBA", ODD))
    pixels[:, :40, 3] = 0
    hidden = pixels.copy()
    hidden[:, :40, :3] = 255 - hidden[:, :40, :3]
    one, other = (
        run(inpaint("storybook", image=picture(Image.fromarray(each))), manager, quietly).images[0]
        for each in (pixels, hidden)
    )
    assert np.array_equal(np.asarray(one)[:, 40:], np.asarray(other)[:, 40:])


def test_of_a_large_picture_a_region_around_the_mask_is_painted(manager: PipelineManager) -> None:
    size, mask = (700, 500), Image.new("L", (700, 500))
    mask.paste(255, (400, 200, 450, 240))
    request = inpaint("storybook", size, mask_image=picture(mask), width=None, height=None)
    result = run(request, manager, quietly)
    assert result.request.padding_mask_crop >= 0
    left, top, right, bottom = canvas(result.request).box
    assert (right - left) * (bottom - top) < 700 * 500 / 4
    assert_rest_is_kept(result, request.image.image)


@pytest.mark.parametrize("verb", ["remove", "restyle"])
def test_what_lies_outside_the_region_is_not_looked_at(manager: PipelineManager, verb: str) -> None:
    size, mask = (300, 200), Image.new("L", (300, 200))
    mask.paste(255, (20, 20, 60, 60))
    other = noise("RGB", size)
    other.paste("red", (200, 0, 300, 200))
    made = [
        np.asarray(run(request, manager, quietly).images[0])[:, :200]
        for request in (
            inpaint(
                "storybook", size, mask_image=picture(mask), padding_mask_crop=10, verb=verb, strength=0.5, image=image
            )
            for image in (picture(noise("RGB", size)), picture(other))
        )
    ]
    assert np.array_equal(*made)


def test_of_a_large_picture_no_more_is_filled_than_is_painted(manager: PipelineManager) -> None:
    """Filling takes some 50 bytes for a pixel."""
    width, height = size = (2400, 1600)
    image, mask = Image.new("RGB", size, "red"), Image.new("L", size)
    mask.paste(255, (400, 200, 450, 240))
    how = {"image": picture(image), "mask_image": picture(mask), "grow": 0, "feather": 0, "padding_mask_crop": 20}
    request = inpaint("storybook", verb="remove", strength=0.5, **how)
    tracemalloc.start()
    run(request, manager, quietly)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 30 * width * height


def test_a_mask_that_fills_its_region_is_filled_from_around_it(manager: PipelineManager) -> None:
    """Else there would be nothing to fill it from, and it would be the same whatever is around it."""
    box, mask = (100, 50, 196, 146), Image.new("L", (300, 200))
    mask.paste(255, box)
    how = {"mask_image": picture(mask), "grow": 0, "feather": 0, "padding_mask_crop": 0, "strength": 0.5}
    red, blue = (
        run(
            inpaint("storybook", verb="remove", image=picture(Image.new("RGB", (300, 200), colour)), **how),
            manager,
            quietly,
        )
        for colour in ("red", "blue")
    )
    assert canvas(red.request).box == box
    assert red.images[0].crop(box) != blue.images[0].crop(box)


@pytest.mark.parametrize("mode", MODES)
def test_a_picture_is_extended_on_all_sides(manager: PipelineManager, mode: str) -> None:
    sides = {"left": 20, "top": 9, "right": 11, "bottom": 33}
    request = inpaint("storybook", mode=mode, verb="extend", mask_image=None, grow=0, **sides)
    result = run(request, manager, quietly)
    original = request.image.image if mode == "RGBA" else request.image.image.convert("RGB")
    canvas = Image.new(original.mode, (131 + 31, 97 + 42))
    canvas.paste(original, (20, 9))
    assert_rest_is_kept(result, canvas)
    inner = result.images[0].crop((24, 13, 20 + 131 - 4, 9 + 97 - 4))
    assert inner.tobytes() == original.crop((4, 4, 127, 93)).tobytes()


@pytest.mark.parametrize("verb", WITHIN)
def test_every_verb_keeps_the_rest(manager: PipelineManager, verb: str) -> None:
    request = inpaint("storybook", verb=verb, strength=0.7)
    assert_rest_is_kept(run(request, manager, quietly), request.image.image)


@pytest.mark.parametrize("verb", WITHIN)
def test_every_verb_paints_its_own_picture(manager: PipelineManager, verb: str) -> None:
    request = inpaint("storybook", verb=verb, num_inference_steps=3, strength=0.7)
    result = run(request, manager, quietly)
    shared = {row.name for row in catalog.VERBS if row.fill == catalog.verb(verb).fill}
    for other in {"replace", "restyle", "background"} - shared:
        assert bytes_of(run(replace(request, verb=other), manager, quietly)) != bytes_of(result)


@pytest.mark.parametrize("checkpoint", SEEN)
def test_the_same_request_gives_the_same_bytes(manager: PipelineManager, checkpoint: str) -> None:
    first = run(inpaint(checkpoint), manager, quietly)
    manager.latents.forget(checkpoint)
    assert bytes_of(run(first.request, manager, quietly)) == bytes_of(first)


def test_another_seed_paints_something_else(manager: PipelineManager) -> None:
    request = inpaint("storybook")
    assert bytes_of(run(request, manager, quietly)) != bytes_of(run(replace(request, seed=8), manager, quietly))


@pytest.mark.parametrize("checkpoint", ["storybook", "sd3"])
def test_picture_i_is_the_picture_of_seed_plus_i(manager: PipelineManager, checkpoint: str) -> None:
    three = run(replace(inpaint(checkpoint), num_images_per_prompt=3), manager, quietly)
    assert [one.seed for one in three.requests] == [7, 8, 9]
    alone = [bytes_of(run(single(three.request, index), manager, quietly))[0] for index in range(3)]
    assert bytes_of(three) == alone and len({*alone}) == 3
    assert alone[2] == bytes_of(run(inpaint(checkpoint, seed=9), manager, quietly))[0]


@pytest.fixture
def encoded(manager: PipelineManager) -> Iterator[dict[str, int]]:
    """How often the VAE of each checkpoint encodes."""
    counts, hooks = dict.fromkeys(SEEN, 0), []

    def hook(name: str) -> object:
        return lambda *_: counts.__setitem__(name, counts[name] + 1)

    for name in SEEN:
        with manager.pipeline(resolved(inpaint(name), manager.row(name))) as pipe:
            hooks.append(pipe.vae.encoder.register_forward_hook(hook(name)))
    yield counts
    for each in hooks:
        each.remove()


@pytest.mark.parametrize("checkpoint", SEEN)
def test_another_variant_encodes_no_picture(manager: PipelineManager, encoded: dict[str, int], checkpoint: str) -> None:
    manager.latents.forget(checkpoint)
    request = inpaint(checkpoint)
    run(request, manager, quietly)
    once = encoded[checkpoint]
    assert once == (2 if checkpoint in INPAINTERS else 1)  # what is kept of the picture is another picture
    run(replace(request, seed=8, prompt="a blue cat", strength=0.5), manager, quietly)
    assert encoded[checkpoint] == once
    run(replace(request, image=picture(noise("RGB", ODD, seed=1))), manager, quietly)
    assert encoded[checkpoint] == 2 * once


@pytest.mark.parametrize("checkpoint", tiny.WRITERS)
def test_words_paint_the_same_after_an_edit_as_before(manager: PipelineManager, checkpoint: str) -> None:
    asked = {name: value for name, value in vars(inpaint(checkpoint)).items() if name in vars(TextToImage())}
    plain = TextToImage(**asked)
    before = bytes_of(run(plain, manager, quietly))
    run(inpaint(checkpoint, strength=0.5), manager, quietly)
    assert bytes_of(run(plain, manager, quietly)) == before


@pytest.mark.parametrize("checkpoint", ["storybook", "sdxl", "sd3"])
def test_an_edit_that_was_stopped_leaves_all_as_it_was(manager: PipelineManager, checkpoint: str) -> None:
    request = inpaint(checkpoint, num_inference_steps=4)
    reference = bytes_of(run(request, manager, quietly))

    def report(event: Progress | Preview) -> None:
        if isinstance(event, Progress) and event.phase == "painting" and event.step == 2:
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        run(request, manager, report)
    assert checkpoint in manager.held() and bytes_of(run(request, manager, quietly)) == reference


def test_a_picture_too_large_to_encode_asks_for_a_smaller_size(manager: PipelineManager) -> None:
    request = inpaint("storybook", num_images_per_prompt=2)
    reference = bytes_of(run(request, manager, quietly))
    manager.latents.forget("storybook")

    def fail(*_: object) -> None:
        raise torch.OutOfMemoryError("out of memory")

    with manager.pipeline(resolved(request, manager.row("storybook"))) as pipe:
        hook = pipe.vae.encoder.register_forward_hook(fail)
    with pytest.raises(RunError, match=r"^Size: 96×96 needs more memory than there is\. Choose a smaller size"):
        run(request, manager, quietly)
    hook.remove()
    assert bytes_of(run(request, manager, quietly)) == reference


def test_finished_variants_survive_a_stop(manager: PipelineManager) -> None:
    def report(event: Progress | Preview) -> None:
        if isinstance(event, Progress) and "picture 3" in event.phase:
            raise Cancelled("Stopped.")

    result = run(inpaint("storybook", num_images_per_prompt=4), manager, report)
    assert len(result.images) == result.request.num_images_per_prompt == 2 and "2 of 4" in result.note


def test_every_step_of_an_edit_is_told(manager: PipelineManager) -> None:
    events: list[Progress | Preview] = []
    run(inpaint("storybook", num_inference_steps=4, strength=0.5), manager, events.append)
    told = [event for event in events if isinstance(event, Progress) and event.phase != "loading"]
    assert [(event.phase, event.step, event.steps) for event in told] == [
        ("painting", 0, 2),
        ("painting", 1, 2),
        ("decoding", 2, 2),
    ]


def test_what_is_removed_is_named_to_be_avoided(manager: PipelineManager) -> None:
    request = inpaint("storybook", prompt="", verb="remove", strength=1.0)
    plain, said = (bytes_of(run(replace(request, words=words), manager, quietly)) for words in ("", "the house"))
    avoided = bytes_of(run(replace(request, negative_prompt="the house"), manager, quietly))
    assert said == avoided != plain


def test_what_is_removed_stands_before_what_is_avoided_besides(manager: PipelineManager) -> None:
    request = inpaint("storybook", prompt="", verb="remove", strength=1.0, negative_prompt="night")
    said = run(replace(request, words="the house"), manager, quietly)
    avoided = run(replace(request, negative_prompt="the house, night"), manager, quietly)
    assert bytes_of(said) == bytes_of(avoided) and said.request.negative_prompt == "night"


@pytest.mark.parametrize(
    ("words", "avoided"),
    [
        ("the house + the tree - the door", "the house, the tree"),
        ("the (red:1.4) house", r"the \(red:1.4\) house"),
        ("[house] BREAK {a}", r"\[house\] break \{a\}"),
    ],
)
def test_what_is_removed_is_avoided_as_it_is_meant(manager: PipelineManager, words: str, avoided: str) -> None:
    """What is taken away again stays, and signs that weigh words in a prompt weigh none here."""
    request = inpaint("storybook", prompt="", verb="remove", strength=1.0)
    said = bytes_of(run(replace(request, words=words), manager, quietly))
    assert said == bytes_of(run(replace(request, negative_prompt=avoided), manager, quietly))


def test_what_is_replaced_is_not_avoided(manager: PipelineManager) -> None:
    request = inpaint("storybook")
    said = run(replace(request, words="the house"), manager, quietly)
    assert bytes_of(said) == bytes_of(run(request, manager, quietly))


def test_the_bundled_checkpoint_edits_too(bundled: PipelineManager) -> None:
    request = inpaint("storybook", (160, 128), width=128, height=96)
    assert_rest_is_kept(run(request, bundled, quietly), request.image.image)


def test_at_hardly_any_strength_sd3_s_colours_are_those_of_its_vae_s_round_trip(manager: PipelineManager) -> None:
    """Its VAE also shifts its latents: were that forgotten, all colours would be others."""
    size = (256, 256)
    image = noise("RGB", (16, 16)).resize(size, Image.Resampling.BICUBIC)
    mask = Image.new("L", size, 255)
    mask.paste(0, (0, 0, 8, 8))
    how = {"image": picture(image), "mask_image": picture(mask), "verb": "restyle", "grow": 0, "feather": 0}
    request = inpaint("sd3", size, strength=0.02, num_inference_steps=50, guidance_scale=1.0, **how)
    result = run(request, manager, quietly)
    expected, unshifted = round_trips(manager, result.request, image)
    found = np.asarray(result.images[0], np.float32)[16:, 16:]
    error = np.abs(found.mean((0, 1)) - expected[16:, 16:].mean((0, 1))).max()
    assert error < 1
    assert np.abs(found.mean((0, 1)) - unshifted[16:, 16:].mean((0, 1))).max() > 3 * error


@torch.no_grad()
def round_trips(manager: PipelineManager, request: Inpaint, image: Image.Image) -> tuple[np.ndarray, np.ndarray]:
    """The picture encoded and decoded by the VAE alone; and so with its shift forgotten in the decoding."""
    with manager.pipeline(request) as pipe:
        vae = pipe.vae
        pixels = torch.from_numpy(np.asarray(image, np.float32)).permute(2, 0, 1)[None] / 127.5 - 1
        latents = vae.encode(pixels).latent_dist.mode()
        decoded = [vae.decode(start).sample for start in (latents, latents - (vae.config.shift_factor or 0))]
    return tuple(((each[0] / 2 + 0.5).clamp(0, 1) * 255).permute(1, 2, 0).numpy() for each in decoded)


def test_an_edit_without_a_mask_is_refused_before_anything_is_loaded(tmp_path: Path) -> None:
    tiny.write(tmp_path / "one", 0)
    manager = PipelineManager(Settings(models=tmp_path, outputs=tmp_path / "outputs", device="cpu"))
    with pytest.raises(InvalidField, match=r"^Mask: there is none"):
        run(replace(inpaint("storybook", mask_image=None), checkpoint="one"), manager, quietly)
    assert manager.held() == []


def test_a_soft_mask_blends(manager: PipelineManager) -> None:
    """Half-way masked, a pixel lies half-way between what was there and what is painted."""
    mask = Image.new("L", ODD)
    mask.paste(255, (30, 30, 90, 70))
    hard = inpaint("storybook", mask_image=picture(mask), grow=0, feather=0)
    half = replace(hard, mask_image=masks.picture(masks.read(hard.mask_image) * np.float32(128 / 255)))
    full, blended = (np.asarray(run(each, manager, quietly).images[0], np.float32) for each in (hard, half))
    before = np.asarray(images.flattened(hard.image), np.float32)
    assert np.abs(blended - (before + (full - before) * 128 / 255)).max() <= 1
