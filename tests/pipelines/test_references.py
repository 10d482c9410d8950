"""References that are heard: every adapter is found, read and painted with, and leaves not a bit behind."""

import gc
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from diffusers import StableDiffusionPipeline, UNet2DConditionModel
from PIL import Image
from safetensors.torch import load_file, save_file

from studio import catalog, images
from studio.catalog.ip_adapters import STORYBOOK
from studio.config import Settings
from studio.errors import LoadError
from studio.pipelines import references
from studio.pipelines.manager import PipelineManager
from studio.requests import Control, ImageToImage, Inpaint, Reference, TextToImage, resolved
from studio.results import Preview, Progress
from studio.tasks import run
from tests import ip_adapters

SIDE = 256
SHOWN = images.picture(Image.effect_noise((SIDE, SIDE), 99).convert("RGB"))
OTHER = images.picture(Image.linear_gradient("L").convert("RGB"))
MASK = images.picture(Image.new("L", (160, 160), 255).crop((-40, -40, SIDE - 40, SIDE - 40)))
FAMILIES = ("sd1", "sdxl")
CPU = torch.device("cpu")
BASE = Path("assets/storybook/base")


def quietly(event: Progress | Preview) -> None:
    """Hears and says nothing."""


def asked(checkpoint: str, *given: Reference, made_of: type[TextToImage] = TextToImage, **how: object) -> TextToImage:
    """A request that takes a moment."""
    values = {"prompt": "a red house", "checkpoint": checkpoint, "width": SIDE, "height": SIDE, "seed": 7}
    quick = {"num_inference_steps": 2, "guidance_scale": 1.0, "scheduler": "Euler", "transfer": "both"}
    return made_of(**values | quick | {"references": given} | how)


def reference(picture: images.Picture = SHOWN, weight: float = 1.0) -> Reference:
    return Reference(image=picture, ip_adapter_scale=weight)


@pytest.fixture(scope="module")
def manager(styled: Settings) -> PipelineManager:
    return PipelineManager(styled)


@pytest.fixture(scope="module")
def painted(manager: PipelineManager) -> Callable[[TextToImage], bytes]:
    """The bytes of a request's picture, painted anew each time."""
    return lambda request: run(request, manager, quietly).images[0].tobytes()


Painted = Callable[[TextToImage], bytes]


@pytest.mark.parametrize("row", ip_adapters.HUBS, ids=lambda row: row.id)
def test_every_row_of_a_hub_is_found_read_and_painted_with(painted: Painted, row: catalog.IPAdapter) -> None:
    plain = painted(asked(row.family))
    assert painted(asked(row.family, reference(), ip_adapter=row.id)) != plain
    assert painted(asked(row.family)) == plain


# What a style job goes together with, and leaves as it was.

CANNY = Control(image=OTHER, preprocessor="canny")
TOGETHER = {
    "alone": {},
    "guided": {"guidance_scale": 4.0},
    "from a picture": {"made_of": ImageToImage, "image": OTHER},
    "in an edit": {"made_of": Inpaint, "image": OTHER, "mask_image": MASK},
    "with a second pass": {"second_pass_scale": 1.25},
    "with a control": {"controls": (CANNY,)},
    "with a guided control": {"controls": (CANNY,), "guidance_scale": 4.0},
    "with a control from a picture": {"controls": (CANNY,), "made_of": ImageToImage, "image": OTHER},
    "with a control in an edit": {"controls": (CANNY,), "made_of": Inpaint, "image": OTHER, "mask_image": MASK},
    "with an adapted control": {"controls": (CANNY,), "method": "t2i_adapter", "guidance_scale": 4.0},
}
UNION = {"with a union": {"controls": (replace(CANNY, controlnet="sdxl-union"),)}}


@pytest.mark.parametrize(
    ("family", "how"),
    [(family, how) for family in FAMILIES for how in (TOGETHER | (UNION if family == "sdxl" else {})).values()],
    ids=[f"{family} {name}" for family in FAMILIES for name in (TOGETHER | (UNION if family == "sdxl" else {}))],
)
def test_a_style_job_shows_and_every_other_job_gives_the_same_bytes(
    painted: Painted, family: str, how: dict[str, object]
) -> None:
    plain, words = painted(asked(family, **how)), painted(asked(family))
    assert painted(asked(family, reference(), **how)) != plain
    assert (painted(asked(family)), painted(asked(family, **how))) == (words, plain)


def test_jobs_of_two_families_and_adapters_leave_each_other_alone(painted: Painted) -> None:
    jobs = [
        asked("sd1"),
        asked("sd1", reference()),
        asked("sdxl", reference(), ip_adapter="sdxl-ip-adapter-plus"),
        asked("sd1", reference(OTHER), reference(), ip_adapter="sd15-ip-adapter-plus"),
        asked("sdxl"),
    ]
    first = [painted(job) for job in jobs]
    assert [painted(job) for job in reversed(jobs)] == first[::-1]


def test_a_run_that_fails_leaves_nothing_on_the_unet(manager: PipelineManager, painted: Painted) -> None:
    plain, request = painted(asked("sd1")), resolved(asked("sd1", reference()), manager.row("sd1"))
    with pytest.raises(RuntimeError, match="broken off"), manager.pipeline(request) as pipe:
        assert pipe.unet.encoder_hid_proj is not None
        raise RuntimeError("broken off")
    assert pipe.unet.encoder_hid_proj is None and pipe.unet.config.encoder_hid_dim_type is None
    assert painted(asked("sd1")) == plain


# How strongly, and where, references are heard.


@pytest.mark.parametrize("family", FAMILIES)
def test_a_reference_without_weight_changes_nothing(painted: Painted, family: str) -> None:
    assert painted(asked(family, reference(weight=0.0))) == painted(asked(family))
    assert painted(asked(family, reference(), reference(OTHER, 0.0))) == painted(asked(family, reference()))


def test_each_reference_and_its_weight_counts(painted: Painted) -> None:
    made = {
        painted(asked("sd1", *given))
        for given in (
            (reference(),),
            (reference(weight=0.5),),
            (reference(OTHER),),
            (reference(), reference(OTHER)),
            (reference(), reference(OTHER, 0.3)),
        )
    }
    assert len(made) == 5


def test_the_same_reference_twice_is_heard_as_once(painted: Painted) -> None:
    once, twice = (
        np.frombuffer(painted(asked("sd1", *[reference(weight=0.6)] * count)), np.uint8).astype(int) for count in (1, 2)
    )
    assert np.abs(once - twice).max() <= 1


@pytest.mark.parametrize("family", FAMILIES)
def test_each_transfer_is_heard_in_its_layers_alone(manager: PipelineManager, family: str) -> None:
    heard = {}
    for transfer in catalog.TRANSFERS:
        request = asked(family, reference(weight=0.8), transfer=transfer)
        with manager.pipeline(resolved(request, manager.row(family))) as pipe:
            scales = {name: one.scale for name, one in pipe.unet.attn_processors.items() if hasattr(one, "scale")}
        heard[transfer] = {name for name, scale in scales.items() if scale != [0.0]}
        assert {scale for (scale,) in scales.values()} <= {0.0, 0.2, 0.8}
    assert heard["style"] and heard["composition"] and not heard["style"] & heard["composition"]
    assert heard["style"] | heard["composition"] < heard["both"] == {*scales}


@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_transferred_shows(painted: Painted, family: str) -> None:
    assert len({painted(asked(family, reference(), transfer=transfer)) for transfer in catalog.TRANSFERS}) == 3


# What the image encoder is asked.


@contextmanager
def looking(manager: PipelineManager) -> Iterator[list[object]]:
    """How often the encoder looks; it must have before."""
    (encoder,) = (net for key, net in manager._nets.items() if "models/image_encoder" in key)
    looks: list[object] = []
    hook = encoder.register_forward_hook(lambda *call: looks.append(call))
    yield looks
    hook.remove()


def test_the_encoder_looks_at_a_new_reference_alone(manager: PipelineManager, painted: Painted) -> None:
    painted(asked("sd1", reference()))
    new = images.picture(Image.radial_gradient("L").convert("RGB"))
    with looking(manager) as looks:
        painted(asked("sd1", reference(weight=0.2), seed=8, prompt="a cat", guidance_scale=4.0))
        painted(asked("sdxl", reference(), second_pass_scale=1.25))
        assert not looks
        painted(asked("sd1", reference(new), reference()))
        painted(asked("sd1", reference(images.Picture(new.data)), num_images_per_prompt=2))
        assert len(looks) == 1


def test_a_reference_is_squashed_not_cropped() -> None:
    encoder = references.CLIPVisionModelWithProjection.from_pretrained(BASE / "image_encoder")
    side = encoder.config.image_size
    wide = Image.effect_noise((4 * side, side), 99).convert("RGB")
    squashed = wide.resize((side, side), Image.Resampling.BICUBIC)
    seen = [references.look(encoder, images.picture(image), patches=False) for image in (wide, squashed)]
    assert torch.equal(*seen)


def test_a_square_reference_is_seen_as_the_checkpoint_s_own_pipeline_sees_it() -> None:
    pipe = StableDiffusionPipeline.from_pretrained(BASE)
    image = Image.open("assets/examples/house.png").convert("RGB")
    theirs, _ = pipe.encode_image(image, "cpu", 1)
    assert torch.allclose(references.look(pipe.image_encoder, images.picture(image), patches=False), theirs, atol=1e-5)


def test_what_was_seen_leaves_when_room_is_needed() -> None:
    seen, looked = references.Seen(budget_bytes=100), []

    def look(key: str) -> Callable[[], torch.Tensor]:
        return lambda: looked.append(key) or torch.zeros(16)

    for key in ("a", "b", "a"):
        seen.of((key,), look(key))
    assert looked == ["a", "b", "a"]


# Storybook's own layout, on the UNet that comes along.


@pytest.fixture(scope="module")
def storybook() -> StableDiffusionPipeline:
    pipe = StableDiffusionPipeline.from_pretrained(BASE)
    pipe.set_progress_bar_config(disable=True)
    return pipe


@pytest.fixture(scope="module")
def storybook_adapter(
    storybook: StableDiffusionPipeline, tmp_path_factory: pytest.TempPathFactory
) -> references.Adapter:
    row = replace(STORYBOOK, encoder="image_encoder")
    return references.load(row, ip_adapters.write(row, BASE / "unet", tmp_path_factory.mktemp("own")), storybook.unet)


def alone(pipe: StableDiffusionPipeline, **given: object) -> bytes:
    """The picture that a pipeline paints by itself."""
    made = pipe(
        prompt="a red house",
        **given,
        width=96,
        height=96,
        num_inference_steps=2,
        generator=torch.Generator().manual_seed(7),
        output_type="np",
    )
    return made.images[0].tobytes()


@pytest.mark.parametrize("transfer", catalog.TRANSFERS)
def test_storybook_s_layout_is_heard_and_leaves_the_same_bytes(
    storybook: StableDiffusionPipeline, storybook_adapter: references.Adapter, transfer: str
) -> None:
    request = asked("storybook", reference(), transfer=transfer, guidance_scale=7.5)
    plain, seen = alone(storybook), torch.randn(1, ip_adapters.WIDTH)
    given = references.arguments(storybook.unet, request, lambda picture: seen if picture else torch.zeros_like(seen))
    with references.worn(storybook.unet, storybook_adapter, request, "storybook"):
        assert alone(storybook, **given) != plain
    assert alone(storybook) == plain


def test_storybook_s_transfers_share_all_layers(storybook: StableDiffusionPipeline) -> None:
    layers = [name for name in storybook.unet.attn_processors if "attn2" in name]
    shares = [[catalog.heard("storybook", way, layer) for layer in layers] for way in ("style", "composition")]
    assert set(zip(*shares, strict=True)) == {(0.0, 1.0), (1.0, 0.0)}


# What it costs.


def test_a_hundred_rounds_on_and_off_leave_memory_and_modules_as_they_were(
    storybook: StableDiffusionPipeline, storybook_adapter: references.Adapter
) -> None:
    request = asked("storybook", reference(), reference(OTHER))

    def rounds(count: int) -> tuple[int, int]:
        for _ in range(count):
            with references.worn(storybook.unet, storybook_adapter, request, "storybook"):
                pass
        gc.collect()
        return psutil.Process().memory_info().rss, sum(isinstance(one, torch.nn.Module) for one in gc.get_objects())

    before, after = rounds(10), rounds(100)
    assert after[0] - before[0] < 2**20 and after[1] == before[1]


def test_on_and_off_together_take_a_blink_on_the_largest_unet() -> None:
    """On one as deep as SDXL's, narrow as can be: what takes time is how many layers there are."""
    depth = {"transformer_layers_per_block": (1, 2, 10), "use_linear_projection": True, "attention_head_dim": 2}
    unet = UNet2DConditionModel(
        **ip_adapters.BLOCKS["sdxl"] | depth, cross_attention_dim=8, norm_num_groups=8, sample_size=8
    )
    processors = unet._convert_ip_adapter_attn_to_diffusers([_state_of(unet)])
    layers = {name: one for name, one in processors.items() if isinstance(one, torch.nn.Module)}
    adapter = references.Adapter(torch.nn.Identity(), layers)
    request = asked("sdxl", *[reference()] * 4)
    took = []
    for _ in range(9):
        started = time.process_time()
        with references.worn(unet, adapter, request, "sdxl"):
            pass
        took.append(time.process_time() - started)
    assert len(layers) == 70 and statistics.median(took) <= 0.02


def _state_of(unet: UNet2DConditionModel) -> dict[str, dict[str, torch.Tensor]]:
    layers = [name for name in unet.attn_processors if name.endswith("attn2.processor")]
    parts = {f"{2 * turn + 1}.to_{part}_ip.weight": torch.zeros(16, 8) for turn in range(len(layers)) for part in "kv"}
    return {"image_proj": {"proj.weight": torch.zeros(32, 8)}, "ip_adapter": parts}


def test_an_adapter_is_held_once_whatever_the_number_of_references(manager: PipelineManager, painted: Painted) -> None:
    painted(asked("sd1", reference()))
    (adapter,) = (net for key, net in manager._nets.items() if key[0] == "sd15-ip-adapter")
    one = _bytes(adapter)
    painted(asked("sd1", *[reference()] * 4))
    assert _bytes(adapter) == one


def _bytes(module: torch.nn.Module) -> int:
    return sum(weight.nbytes for weight in module.parameters())


# What cannot be heard.


@pytest.fixture
def file(styled: Settings, tmp_path: Path) -> Path:
    """A copy of an adapter's file, to be damaged."""
    whole, _ = references.files(catalog.ip_adapter("sd15-ip-adapter"), styled)
    copy = tmp_path / "adapter.safetensors"
    copy.write_bytes(whole.read_bytes())
    return copy


def without(part: str) -> Callable[[Path], None]:
    def damage(file: Path) -> None:
        save_file({name: one for name, one in load_file(file).items() if not name.startswith(part)}, file)

    return damage


DAMAGES = {
    "cut": lambda file: file.write_bytes(file.read_bytes()[:-1000]),
    "html": lambda file: file.write_bytes(b"<!doctype html>" * 40),
    "gone": lambda file: file.unlink(),
    "no projection": without("image_proj"),
    "a layer missing": without("ip_adapter.1."),
    "something else": lambda file: save_file({"unet.weight": torch.zeros(2)}, file),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_broken_adapter_is_named_with_the_remedy(file: Path, manager: PipelineManager, damage: str) -> None:
    DAMAGES[damage](file)
    row = catalog.ip_adapter("sd15-ip-adapter")
    with manager.pipeline(resolved(asked("sd1"), manager.row("sd1"))) as pipe, pytest.raises(LoadError) as caught:
        references.load(row, file, pipe.unet)
    said = str(caught.value)
    assert said.startswith("IP-Adapter: Standard could not be loaded: ")
    assert said.endswith("Delete h94/IP-Adapter from the cache of the hub's files, or choose another.")


def test_an_adapter_for_another_layout_is_named(manager: PipelineManager, styled: Settings) -> None:
    whole, _ = references.files(catalog.ip_adapter("sdxl-ip-adapter"), styled)
    with manager.pipeline(resolved(asked("sd1"), manager.row("sd1"))) as pipe, pytest.raises(LoadError):
        references.load(catalog.ip_adapter("sd15-ip-adapter"), whole, pipe.unet)


def test_an_encoder_that_is_broken_is_named_and_leaves_the_checkpoint_as_it_was(tmp_path: Path) -> None:
    row = catalog.ip_adapter("sd15-ip-adapter")
    with pytest.raises(LoadError, match="^IP-Adapter: the image encoder of Standard could not be loaded: "):
        references.load_encoder(row, tmp_path, dtype=torch.float32, device=CPU)


def test_what_is_not_on_this_machine_is_said_and_other_jobs_go_on(styled: Settings, tmp_path: Path) -> None:
    bare = PipelineManager(replace(styled, cache_dir=tmp_path))
    with pytest.raises(LoadError, match="^IP-Adapter: Standard is not on this machine"):
        run(asked("sd1", reference()), bare, quietly)
    assert run(asked("sd1"), bare, quietly).images


def test_storybook_s_adapter_that_is_missing_is_to_be_put_back(styled: Settings, tmp_path: Path) -> None:
    row = replace(STORYBOOK, source="assets/storybook/nothing")
    with pytest.raises(LoadError, match="^IP-Adapter: assets/storybook/nothing is missing. Put it back"):
        references.files(row, styled)
