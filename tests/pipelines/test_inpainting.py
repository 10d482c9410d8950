"""What an inpaint pipeline is called with: latents encoded once, and every latent repainted that the mask touches."""

from collections.abc import Iterator

import diffusers
import numpy as np
import pytest
import torch
from diffusers import DiffusionPipeline
from PIL import Image

from studio.pipelines.inpainting import Latents, arguments
from studio.pipelines.manager import PipelineManager
from tests import tiny
from tests.forms import Forms
from tests.pipelines.conftest import Small

SIZE = 256
# Of latents of four channels, an eighth as wide and high, four bytes each.
LATENT_BYTES = 4 * 32 * 32 * 4


def noise(seed: int = 0, size: tuple[int, int] = (SIZE, SIZE)) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def dotted(*places: tuple[int, int], size: int = SIZE) -> np.ndarray:
    """A mask of single pixels (row, column)."""
    mask = np.zeros((size, size), bool)
    for place in places:
        mask[place] = True
    return mask


@pytest.fixture
def lent(every: PipelineManager, small: Small) -> Iterator[DiffusionPipeline]:
    """The inpaint pipeline of a plain checkpoint."""
    with every.pipeline(small("folders/sd1"), kind="inpaint") as pipe:
        yield pipe


@pytest.fixture(scope="module")
def fillers(inpainters: Forms) -> PipelineManager:
    return PipelineManager(inpainters.settings(inpainters.models / "outputs"))


@pytest.fixture
def encoded(lent: DiffusionPipeline) -> Iterator[list[int]]:
    """One entry for each picture that is encoded."""
    calls: list[int] = []
    hook = lent.vae.encoder.register_forward_hook(lambda *_: calls.append(1))
    yield calls
    hook.remove()


def test_a_picture_is_encoded_once(lent: DiffusionPipeline, encoded: list[int]) -> None:
    latents = Latents()
    first = latents.of(lent, "sd1", noise())
    assert torch.equal(latents.of(lent, "sd1", noise().copy()), first) and encoded == [1]
    assert not torch.equal(latents.of(lent, "sd1", noise(1)), first) and encoded == [1, 1]


def test_the_same_bytes_in_another_shape_are_another_picture(lent: DiffusionPipeline, encoded: list[int]) -> None:
    latents, wide = Latents(), noise(size=(512, 256))
    tall = Image.frombytes("RGB", (256, 512), wide.tobytes())
    assert latents.of(lent, "sd1", wide).shape == (1, 4, 32, 64)
    assert latents.of(lent, "sd1", tall).shape == (1, 4, 64, 32) and encoded == [1, 1]


def test_the_least_recently_used_leave(lent: DiffusionPipeline, encoded: list[int]) -> None:
    latents = Latents(budget_bytes=2 * LATENT_BYTES)
    for seed in (1, 2, 1, 3):
        latents.of(lent, "sd1", noise(seed))
    assert len(encoded) == 3
    latents.of(lent, "sd1", noise(1))
    assert len(encoded) == 3
    latents.of(lent, "sd1", noise(2))
    assert len(encoded) == 4


def test_the_last_picture_is_kept_however_large(lent: DiffusionPipeline, encoded: list[int]) -> None:
    latents = Latents(budget_bytes=1)
    for seed in (1, 1, 2, 2, 1):
        latents.of(lent, "sd1", noise(seed))
    assert len(encoded) == 3


def test_what_is_kept_for_a_checkpoint_is_forgotten_alone(lent: DiffusionPipeline, encoded: list[int]) -> None:
    latents = Latents()
    for name in ("one", "two"):
        latents.of(lent, name, noise())
    latents.forget("one")
    latents.of(lent, "two", noise())
    assert len(encoded) == 2
    latents.of(lent, "one", noise())
    assert len(encoded) == 3


def test_latents_leave_with_the_weights_they_came_from(forms: Forms, small: Small) -> None:
    manager = PipelineManager(forms.settings(forms.models / "outputs"))
    calls: list[int] = []
    for expected in (1, 2):
        with manager.pipeline(small("folders/sd1"), kind="inpaint") as pipe:
            hook = pipe.vae.encoder.register_forward_hook(lambda *_: calls.append(1))
            for _ in range(2):
                manager.latents.of(pipe, "folders/sd1", noise())
            hook.remove()
        assert len(calls) == expected
        manager.close()


@pytest.mark.parametrize("family", tiny.WRITERS)
def test_latents_are_as_the_denoiser_takes_them(every: PipelineManager, small: Small, family: str) -> None:
    """As img2img makes them, but for what is drawn."""
    with every.pipeline(small(f"folders/{family}"), kind="inpaint") as pipe, torch.no_grad():
        config = pipe.vae.config
        found = Latents().of(pipe, family, noise())
        pixels = torch.from_numpy(np.asarray(noise(), np.float32)).permute(2, 0, 1)[None] / 127.5 - 1
        mean = pipe.vae.encode(pixels).latent_dist.mean
    assert torch.allclose(found, (mean - (config.shift_factor or 0)) * config.scaling_factor, atol=1e-4)


@pytest.mark.parametrize("place", [(0, 0), (7, 7), (8, 15), (100, 37), (255, 255)])
def test_a_latent_is_repainted_if_any_of_its_pixels_is(lent: DiffusionPipeline, place: tuple[int, int]) -> None:
    how = arguments(lent, "sd1", noise(), dotted(place), Latents())
    mask = np.asarray(how["mask_image"])
    row, column = (side // 8 * 8 for side in place)
    assert (mask[row : row + 8, column : column + 8] == 255).all() and mask.sum() == 64 * 255


def test_pixels_of_several_latents_repaint_each(lent: DiffusionPipeline) -> None:
    mask = np.asarray(arguments(lent, "sd1", noise(), dotted((7, 7), (8, 8), (200, 3)), Latents())["mask_image"])
    assert mask.sum() == 3 * 64 * 255 and set(np.unique(mask)) == {0, 255}


def test_storybook_s_smaller_latents_are_masked_more_finely(every: PipelineManager, small: Small) -> None:
    with every.pipeline(small("folders/storybook"), kind="inpaint") as pipe:
        how = arguments(pipe, "storybook", noise(size=(96, 96)), dotted((5, 9), size=96), Latents())
    assert np.asarray(how["mask_image"])[4:8, 8:12].all() and np.asarray(how["mask_image"]).sum() == 16 * 255


def test_a_plain_denoiser_is_given_the_picture_alone(lent: DiffusionPipeline, encoded: list[int]) -> None:
    how = arguments(lent, "sd1", noise(size=(320, 256)), np.ones((256, 320), bool), Latents())
    assert len(encoded) == 1 and torch.equal(how["image"], how["masked_image_latents"])
    assert (how["width"], how["height"]) == (320, 256)


@pytest.mark.parametrize("family", tiny.INPAINTERS)
def test_one_made_for_inpainting_is_shown_what_is_kept_and_no_more(fillers: PipelineManager, family: str) -> None:
    mask = dotted((100, 100))
    one, other = np.array(noise()), np.array(noise())
    other[96:104, 96:104] = 255 - other[96:104, 96:104]
    with fillers.pipeline(Small(fillers)(f"folders/{family}"), kind="inpaint") as pipe:
        first, second = (arguments(pipe, family, Image.fromarray(each), mask, Latents()) for each in (one, other))
        one[96:104, 96:104] = 128
        grey = Latents().of(pipe, family, Image.fromarray(one))
    assert torch.equal(first["masked_image_latents"], grey)
    assert torch.equal(first["masked_image_latents"], second["masked_image_latents"])
    assert not torch.equal(first["image"], second["image"]) and not torch.equal(first["image"], grey)


def test_sd3_is_given_what_is_kept_unscaled(every: PipelineManager, small: Small) -> None:
    """Its pipeline scales that itself, but not the picture's own latents."""
    with every.pipeline(small("folders/sd3"), kind="inpaint") as pipe:
        how, config = arguments(pipe, "sd3", noise(), dotted((0, 0)), Latents()), pipe.vae.config
    scaled = (how["masked_image_latents"] - config.shift_factor) * config.scaling_factor
    assert torch.allclose(scaled, how["image"], atol=1e-6)


def test_sd3_s_pipeline_is_the_mended_one_and_decodes_as_its_text_to_image_does(
    every: PipelineManager, small: Small
) -> None:
    request = small("folders/sd3")
    with every.pipeline(request, kind="inpaint") as pipe:
        assert isinstance(pipe, diffusers.StableDiffusion3InpaintPipeline)
        how = arguments(pipe, "sd3", noise(), np.ones((SIZE, SIZE), bool), Latents())
        latents, painted = (
            pipe(
                "a red house",
                **how,
                strength=1.0,
                num_inference_steps=1,
                generator=torch.Generator().manual_seed(7),
                output_type=kind,
            ).images
            for kind in ("latent", "np")
        )
    with every.pipeline(request) as pipe, torch.no_grad():
        config = pipe.vae.config
        decoded = pipe.vae.decode(latents / config.scaling_factor + config.shift_factor).sample
        expected = pipe.image_processor.postprocess(decoded, output_type="np")
    assert np.allclose(painted, expected, atol=1e-5)
