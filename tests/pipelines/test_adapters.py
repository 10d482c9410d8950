"""Nets that follow controls: every row is found, read and painted with, and a T2I-Adapter keeps to its steps."""

import inspect
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import diffusers
import pytest
import torch
from diffusers import DiffusionPipeline
from PIL import Image

from studio import catalog, images
from studio.catalog import ControlNet
from studio.config import Settings
from studio.errors import Cancelled, LoadError
from studio.pipelines import adapters
from studio.pipelines.manager import PipelineManager
from studio.requests import Control, TextToImage, resolved
from studio.results import Preview, Progress
from studio.tasks import run
from tests import control_nets

HUBS = [row for row in catalog.CONTROLNETS if not row.source.startswith("assets/")]
CPU = torch.device("cpu")
SIDE = 256
SHOWN = images.picture(Image.effect_noise((SIDE, SIDE), 99).convert("RGB"))


def quietly(event: Progress | Preview) -> None:
    """Hears and says nothing."""


def control(row: ControlNet, **how: object) -> Control:
    return Control(
        **{"kind": next(iter(row.kinds)), "image": SHOWN, "preprocessor": "none", "controlnet": row.id} | how
    )


def asked(checkpoint: str, *controls: Control, **how: object) -> TextToImage:
    """A request that takes a moment."""
    values = {"prompt": "a red house", "checkpoint": checkpoint, "width": SIDE, "height": SIDE, "seed": 7}
    quick = {"num_inference_steps": 2, "guidance_scale": 1.0, "scheduler": "Euler"}
    nets = [catalog.controlnet(one.controlnet) for one in controls if one.controlnet]
    method = nets[0].method if nets else "controlnet"
    return TextToImage(**values | quick | {"controls": controls, "method": method} | how)


@pytest.fixture(scope="module")
def manager(steered: Settings) -> PipelineManager:
    return PipelineManager(steered)


@pytest.fixture(scope="module")
def painted(manager: PipelineManager) -> Callable[[TextToImage], bytes]:
    """The bytes of a request's picture; the same request is painted once."""
    made: dict[TextToImage, bytes] = {}

    def paint(request: TextToImage) -> bytes:
        if request not in made:
            made[request] = run(request, manager, quietly).images[0].tobytes()
        return made[request]

    return paint


Painted = Callable[[TextToImage], bytes]


@pytest.mark.parametrize("row", HUBS, ids=lambda row: row.id)
def test_every_row_of_a_hub_is_found_read_and_painted_with(
    steered: Settings, painted: Painted, row: ControlNet
) -> None:
    net = adapters.load(row, adapters.folder(row, steered), dtype=torch.float32, device=CPU)
    assert type(net) is getattr(diffusers, row.loads) and not net.training
    assert not any(weight.requires_grad for weight in net.parameters())
    assert painted(asked(row.family, control(row))) != painted(asked(row.family))


@pytest.mark.parametrize("row", catalog.controlnets("storybook"), ids=lambda row: row.id)
def test_every_row_of_storybook_is_read_and_painted_with(steered: Settings, tmp_path: Path, row: ControlNet) -> None:
    """From a folder of its layout, not from the one that comes along: what is in that is trained elsewhere."""
    base = steered.models / "storybook"
    net = adapters.load(row, control_nets.write(row, base, tmp_path), dtype=torch.float32, device=CPU)
    family = catalog.family("storybook")
    name = family.controlled[row.method]["text_to_image"]
    part = "controlnet" if row.method == "controlnet" else "adapter"
    make = getattr(adapters, name, None) or getattr(diffusers, name)
    parts = DiffusionPipeline.from_pretrained(base).components | {part: net, "requires_safety_checker": False}
    pipe = make(**{name: value for name, value in parts.items() if name in inspect.signature(make).parameters})
    pipe.set_progress_bar_config(disable=True)
    given = adapters.arguments(pipe, asked("storybook", control(row)), [SHOWN.image.resize((96, 96))])
    assert alone(pipe, given, 0.0) != alone(pipe, given, 1.0)


def alone(pipe: DiffusionPipeline, given: dict[str, object], scale: float) -> bytes:
    """The picture that a pipeline paints by itself at a weight."""
    weight = next(name for name in given if name.endswith("conditioning_scale"))
    made = pipe(
        prompt="a red house",
        **given | {weight: scale},
        width=96,
        height=96,
        num_inference_steps=2,
        generator=torch.Generator().manual_seed(7),
        callback_on_step_end=lambda pipe, step, timestep, values: values,
        output_type="np",
    )
    return made.images[0].tobytes()


def test_in_half_precision_the_halved_weights_are_read(steered: Settings) -> None:
    row = catalog.controlnet("sd15-canny")
    net = adapters.load(row, adapters.folder(row, steered), dtype=torch.bfloat16, device=CPU)
    assert row.variant == "fp16" and {weight.dtype for weight in net.parameters()} == {torch.bfloat16}


@pytest.mark.parametrize("damage", ["cut", "html", "gone"])
def test_a_broken_net_is_named_with_the_remedy(steered: Settings, tmp_path: Path, damage: str) -> None:
    row = catalog.controlnet("sdxl-canny")
    folder = Path(shutil.copytree(adapters.folder(row, steered), tmp_path / "net"))
    (file,) = folder.glob("*.safetensors")
    if damage == "gone":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:-1000] if damage == "cut" else b"<!doctype html>" * 40)
    with pytest.raises(LoadError) as caught:
        adapters.load(row, folder, dtype=torch.float32, device=CPU)
    said = str(caught.value)
    assert said.startswith("ControlNet: xinsir canny SDXL could not be loaded: ")
    assert said.endswith(f"Delete {row.source} from the cache of the hub's files, or choose another.")


def test_a_broken_net_that_comes_along_is_to_be_put_back(tmp_path: Path) -> None:
    row = catalog.controlnet("storybook-canny")
    with pytest.raises(LoadError, match=f"Put {row.source} back from the repository, or choose another"):
        adapters.load(row, tmp_path, dtype=torch.float32, device=CPU)


def test_a_net_that_is_not_here_is_named(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="^ControlNet: ControlNet 1.1 canny is not on this machine"):
        adapters.folder(catalog.controlnet("sd15-canny"), Settings(cache_dir=tmp_path))


def test_a_net_that_cannot_be_fetched_says_why(tmp_path: Path) -> None:
    request = asked("sd1", control(catalog.controlnet("sd15-canny")))
    with pytest.raises(LoadError, match="^ControlNet: lllyasviel/control_v11p_sd15_canny is not on this machine, and"):
        adapters.bring(request, Settings(cache_dir=tmp_path, offline=True), quietly)


def test_nets_that_are_here_are_not_fetched(steered: Settings) -> None:
    def refuse(event: Progress) -> None:
        raise AssertionError(event)

    adapters.bring(asked("sd1", control(catalog.controlnet("sd15-canny"))), steered, refuse)


def test_of_words_alone_no_net_is_asked() -> None:
    assert adapters.rows(asked("sd1", Control(image=SHOWN), method="none")) == []


# What pipelines are called with.


def arguments(manager: PipelineManager, request: TextToImage) -> dict[str, object]:
    complete = resolved(request, manager.row(request.checkpoint))
    shown = [Image.new("RGB", (SIDE, SIDE), colour) for colour in ("red", "green", "blue")]
    with manager.pipeline(complete) as pipe:
        return adapters.arguments(pipe, complete, shown[: len(complete.controls)])


CANNY = Control(image=SHOWN, preprocessor="none", controlnet_conditioning_scale=0.5, control_guidance_end=0.8)
SCRIBBLE = replace(CANNY, kind="scribble", controlnet_conditioning_scale=1.5, control_guidance_start=0.25)
TIMES = {"control_guidance_start": 0.0, "control_guidance_end": 0.8}


@pytest.mark.parametrize(("checkpoint", "image"), [("sd1", "image"), ("sdxl", "image"), ("sd3", "control_image")])
def test_one_control_is_given_as_it_is(manager: PipelineManager, checkpoint: str, image: str) -> None:
    given = arguments(manager, asked(checkpoint, CANNY))
    assert given.pop(image).size == (SIDE, SIDE)
    assert given == {"controlnet_conditioning_scale": 0.5, **TIMES}


def test_several_controls_are_given_as_lists(manager: PipelineManager) -> None:
    given = arguments(manager, asked("sd1", CANNY, SCRIBBLE, guess_mode=True))
    assert [image.getpixel((0, 0)) for image in given.pop("image")] == [(255, 0, 0), (0, 128, 0)]
    assert given == {
        "controlnet_conditioning_scale": [0.5, 1.5],
        "control_guidance_start": [0.0, 0.25],
        "control_guidance_end": [0.8, 0.8],
        "guess_mode": True,
    }


def test_a_union_is_told_the_kinds_by_their_numbers(manager: PipelineManager) -> None:
    union = replace(CANNY, controlnet="sdxl-union")
    assert arguments(manager, asked("sdxl", union))["control_mode"] == 3
    given = arguments(manager, asked("sdxl", union, replace(union, kind="depth")))
    assert given["control_mode"] == [3, 1] and len(given["control_image"]) == 2


def test_adapters_are_given_one_window(manager: PipelineManager) -> None:
    other = replace(SCRIBBLE, control_guidance_start=0.0)
    given = arguments(manager, asked("sdxl", CANNY, other, method="t2i_adapter"))
    assert len(given.pop("image")) == 2
    assert given == {"adapter_conditioning_scale": [0.5, 1.5], **TIMES}


def test_an_adapter_that_sees_no_colours_is_given_none(manager: PipelineManager) -> None:
    depth = replace(CANNY, kind="depth")
    given = arguments(manager, asked("sd1", CANNY, depth, method="t2i_adapter"))
    assert [image.mode for image in given["image"]] == ["L", "RGB"]


# When a T2I-Adapter is heard.

ADAPTED = {"sd1": "sd15-depth-adapter", "sdxl": "sdxl-depth-adapter"}


def adapted(checkpoint: str, **how: object) -> TextToImage:
    return asked(checkpoint, control(catalog.controlnet(ADAPTED[checkpoint]), **how), num_inference_steps=4)


@pytest.fixture
def heard(manager: PipelineManager, request: pytest.FixtureRequest) -> Callable[[str], list[bool]]:
    """What a checkpoint's UNet is told of an adapter, step by step."""

    def listen(checkpoint: str) -> list[bool]:
        told: list[bool] = []

        def hook(unet: torch.nn.Module, given: tuple, named: dict, made: object) -> None:
            told.append(named.get(adapters.FOLLOWED) is not None)

        with manager.pipeline(resolved(asked(checkpoint), manager.row(checkpoint))) as pipe:
            request.addfinalizer(pipe.unet.register_forward_hook(hook, with_kwargs=True).remove)
        return told

    return listen


Heard = Callable[[str], list[bool]]


@pytest.mark.parametrize("checkpoint", ADAPTED)
@pytest.mark.parametrize(
    ("start", "end", "steps"),
    [(0.0, 1.0, [True] * 4), (0.0, 0.5, [True, True, False, False]), (0.25, 0.75, [False, True, True, False])],
)
def test_an_adapter_is_heard_in_its_steps_alone(
    manager: PipelineManager, heard: Heard, checkpoint: str, start: float, end: float, steps: list[bool]
) -> None:
    told = heard(checkpoint)
    run(adapted(checkpoint, control_guidance_start=start, control_guidance_end=end), manager, quietly)
    assert told == steps


@pytest.mark.parametrize("checkpoint", ADAPTED)
def test_an_adapter_that_is_never_heard_changes_nothing(painted: Painted, checkpoint: str) -> None:
    plain = asked(checkpoint, num_inference_steps=4)
    assert painted(adapted(checkpoint, control_guidance_end=0.1)) == painted(plain)
    assert painted(adapted(checkpoint, controlnet_conditioning_scale=0.0)) == painted(plain)


@pytest.mark.parametrize("checkpoint", ADAPTED)
def test_after_a_run_nothing_stays_at_the_unet(manager: PipelineManager, checkpoint: str) -> None:
    run(adapted(checkpoint), manager, quietly)
    with manager.pipeline(resolved(asked(checkpoint), manager.row(checkpoint))) as pipe:
        assert not pipe.unet._forward_pre_hooks


@pytest.mark.parametrize("checkpoint", ADAPTED)
@pytest.mark.parametrize("stop_at", [0, 1, 3])
def test_a_stop_costs_no_further_step_and_leaves_nothing_at_the_unet(
    manager: PipelineManager, heard: Heard, checkpoint: str, stop_at: int
) -> None:
    told, seen = heard(checkpoint), []

    def report(event: Progress | Preview) -> None:
        seen.extend([event] if isinstance(event, Progress) and event.phase == "painting" else [])
        if len(seen) > stop_at:
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        run(adapted(checkpoint), manager, report)
    assert len(told) == stop_at
    with manager.pipeline(resolved(asked(checkpoint), manager.row(checkpoint))) as pipe:
        assert not pipe.unet._forward_pre_hooks


@pytest.mark.parametrize("checkpoint", ADAPTED)
def test_every_step_of_an_adapted_run_is_told(manager: PipelineManager, checkpoint: str) -> None:
    events: list[Progress | Preview] = []
    run(adapted(checkpoint), manager, events.append)
    told = [(event.phase, event.step, event.steps) for event in events if isinstance(event, Progress)]
    painting = [event for event in told if event[0] in ("painting", "decoding")]
    assert painting == [*(("painting", step, 4) for step in range(4)), ("decoding", 4, 4)]
