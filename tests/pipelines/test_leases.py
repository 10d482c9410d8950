"""LoRAs change what they are to change, in every family and layout, and leave nothing behind."""

import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from diffusers import UNet2DConditionModel
from PIL import Image
from safetensors.torch import load_file
from torch import nn
from transformers import CLIPTextModel

from studio import catalog, images
from studio.config import Settings
from studio.errors import InvalidField, LoadError, StudioError
from studio.pipelines.manager import PipelineManager
from studio.requests import Control, ImageToImage, Inpaint, Lora, TextToImage
from studio.results import Result
from studio.tasks import run
from tests import control_nets, lora_files, tiny

FAMILIES = ("storybook", "sd1", "sd2", "sdxl", "sd3")
SHOWN = images.picture(Image.effect_noise((256, 256), 99).convert("RGB"))
MASK = images.picture(Image.linear_gradient("L").point(lambda grey: 255 * (grey > 99)))
NETS = {"controlnet": "sd15-canny", "t2i_adapter": "sd15-depth-adapter"}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Of a studio with a checkpoint of each family, LoRAs of every layout for it, and two nets that follow controls."""
    models, cache = tmp_path_factory.mktemp("models"), tmp_path_factory.mktemp("cache")
    for seed, family in enumerate(FAMILIES):
        how = control_nets.ATTENTIVE if family == "sd1" else {}
        base = tiny.WRITERS[family](models / family, seed, **how)
        for layout, write in lora_files.LAYOUTS.items():
            write(base, models / "loras" / f"{family}-{layout}.safetensors", family, seed=1)
        lora_files.peft(base, models / "loras" / f"{family}-quiet.safetensors", family, seed=2, has_text=False)
    for id in NETS.values():
        row = catalog.controlnet(id)
        net = control_nets.write(row, models / "sd1", tmp_path_factory.mktemp("net") / id)
        tiny.hub_cache(net, cache, row.source)
    return Settings(models=models, cache_dir=cache, outputs=cache, device="cpu", offline=True)


@pytest.fixture(scope="module")
def manager(settings: Settings) -> PipelineManager:
    return PipelineManager(settings)


Paint = Callable[[TextToImage], bytes]


@pytest.fixture(scope="module")
def paint(manager: PipelineManager) -> Paint:
    return lambda request: done(manager, request).images[0].tobytes()


@pytest.fixture
def spare(settings: Settings) -> Iterator[Path]:
    """A file of a LoRA for Storybook, to be spoiled."""
    path = settings.models / "loras" / "spare.safetensors"
    yield lora_files.kohya(settings.models / "storybook", path, "storybook", seed=3)
    path.unlink(missing_ok=True)


def done(manager: PipelineManager, request: TextToImage) -> Result:
    return run(request, manager, lambda event: None)


def asked(family: str, *names: str, made_of: type[TextToImage] = TextToImage, **how: object) -> TextToImage:
    side = catalog.family(family).minimum_size
    quick = {"num_inference_steps": 2, "guidance_scale": 1.0, "scheduler": "Euler", "width": side, "height": side}
    loras = [Lora(name=f"{family}-{name}") for name in names]
    return made_of(prompt="a red house", checkpoint=family, seed=7, loras=loras, **quick | how)


@pytest.mark.parametrize("layout", lora_files.LAYOUTS)
@pytest.mark.parametrize("family", FAMILIES)
def test_a_plain_picture_after_one_with_a_lora_is_that_before(paint: Paint, family: str, layout: str) -> None:
    before = paint(asked(family))
    first = paint(asked(family, layout))
    assert first != before
    assert paint(asked(family)) == before
    assert paint(asked(family, layout)) == first


@pytest.mark.parametrize("family", FAMILIES)
def test_the_layers_after_it_are_the_very_ones_before(manager: PipelineManager, family: str) -> None:
    before = layers(manager, asked(family))
    done(manager, asked(family, "kohya", "quiet"))
    assert layers(manager, asked(family)) == before


def layers(manager: PipelineManager, request: TextToImage) -> set[int]:
    """Every layer of the parts that paint a request, by identity."""
    with manager.pipeline(resolved_by(manager, request)) as pipe:
        parts = [part for part in pipe.components.values() if isinstance(part, nn.Module)]
        return {id(layer) for part in parts for layer in part.modules()}


def resolved_by(manager: PipelineManager, request: TextToImage) -> TextToImage:
    return done(manager, request).request


@pytest.mark.parametrize("layout", ["kohya", "peft"])
def test_it_does_what_its_sum_does(manager: PipelineManager, settings: Settings, layout: str) -> None:
    """The sum that a LoRA stands for, worked out by hand on the weights of a second checkpoint."""
    file = settings.models / "loras" / f"storybook-{layout}.safetensors"
    base, merged = settings.models / "storybook", settings.models / f"merged-{layout}"
    tiny.write(merged, 0)
    for part, make in (("unet", UNet2DConditionModel), ("text_encoder", CLIPTextModel)):
        module = make.from_pretrained(base / part)
        lay_in(module, f"lora_{'unet' if part == 'unet' else 'te'}_", load_file(file), part)
        module.save_pretrained(merged / part)
    with_lora, by_hand = (
        done(manager, asked("storybook", layout)),
        done(manager, replace(asked("storybook"), checkpoint=merged.name)),
    )
    difference = torch.tensor(bytearray(with_lora.images[0].tobytes())).int()
    difference -= torch.tensor(bytearray(by_hand.images[0].tobytes())).int()
    assert difference.abs().max() <= 1


def lay_in(module: nn.Module, before: str, tensors: dict[str, torch.Tensor], part: str) -> None:
    for path, layer in module.named_modules():
        whole = path if part == "unet" or path.startswith("text_model.") else f"text_model.{path}"
        kohya, peft = f"{before}{whole.replace('.', '_')}", f"{part}.{path}"
        if f"{kohya}.alpha" in tensors:
            down, up = tensors[f"{kohya}.lora_down.weight"], tensors[f"{kohya}.lora_up.weight"]
            layer.weight.data += up @ down * (tensors[f"{kohya}.alpha"] / len(down))
        elif f"{peft}.lora_A.weight" in tensors:
            layer.weight.data += tensors[f"{peft}.lora_B.weight"] @ tensors[f"{peft}.lora_A.weight"]


def test_a_tag_does_what_the_list_does(paint: Paint) -> None:
    tagged = replace(asked("storybook"), prompt="a red house, <lora:storybook-kohya:0.5>")
    assert paint(tagged) == paint(replace(asked("storybook"), loras=[Lora(name="storybook-kohya", scale=0.5)]))


def test_two_loras_do_the_same_in_either_order(paint: Paint) -> None:
    both = paint(asked("storybook", "kohya", "quiet"))
    assert both == paint(asked("storybook", "quiet", "kohya"))
    assert both not in (paint(asked("storybook", "kohya")), paint(asked("storybook", "quiet")))


def test_a_set_of_loras_does_the_same_whatever_stood_there_before(settings: Settings, paint: Paint) -> None:
    fresh = done(PipelineManager(settings), asked("sd1", "kohya", "quiet")).images[0].tobytes()
    for before in ((), ("quiet",), ("peft",), ("peft", "kohya")):
        paint(asked("sd1", *before))
        assert paint(asked("sd1", "kohya", "quiet")) == fresh


def test_the_scale_counts_and_none_of_it_is_plain(paint: Paint) -> None:
    def at(scale: float) -> bytes:
        return paint(replace(asked("storybook"), loras=[Lora(name="storybook-kohya", scale=scale)]))

    assert len({at(scale) for scale in (-1, 0.5, 1, 4)}) == 4
    assert at(0) == paint(asked("storybook"))


def test_words_are_read_anew_where_a_lora_is_heard_by_the_text_encoder(manager: PipelineManager, paint: Paint) -> None:
    calls: list[int] = []
    plain = resolved_by(manager, asked("sd1"))
    with manager.pipeline(plain) as pipe:
        hook = pipe.text_encoder.register_forward_hook(lambda *_: calls.append(1))
    counts = []
    for names in ((), ("kohya",), ("kohya",), ("kohya", "quiet"), ("quiet",), ()):
        before = len(calls)
        paint(asked("sd1", *names))
        counts.append(len(calls) - before)
    hook.remove()
    assert counts == [0, 1, 0, 0, 0, 0]


@pytest.mark.parametrize("method", NETS)
def test_with_a_control_too_nothing_is_left_behind(paint: Paint, method: str) -> None:
    net = catalog.controlnet(NETS[method])
    control = Control(kind=next(iter(net.kinds)), image=SHOWN, preprocessor="none", controlnet=net.id)
    steered = {"controls": (control,), "method": method}
    plain, followed = paint(asked("sd1")), paint(asked("sd1", **steered))
    both = paint(asked("sd1", "kohya", **steered))
    assert len({plain, followed, both, paint(asked("sd1", "kohya"))}) == 4
    assert paint(asked("sd1", **steered)) == followed
    assert paint(asked("sd1", "kohya", **steered)) == both
    assert paint(asked("sd1")) == plain


@pytest.mark.parametrize(
    ("made_of", "how"),
    [(ImageToImage, {"image": SHOWN, "strength": 1}), (Inpaint, {"image": SHOWN, "mask_image": MASK, "strength": 1})],
)
def test_start_images_and_edits_take_loras(paint: Paint, made_of: type, how: dict) -> None:
    plain = paint(asked("sd1", made_of=made_of, **how))
    assert paint(asked("sd1", "peft", made_of=made_of, **how)) != plain
    assert paint(asked("sd1", made_of=made_of, **how)) == plain


def test_each_line_has_its_own(manager: PipelineManager, paint: Paint) -> None:
    lines = "a red house <lora:storybook-kohya>\na red house"
    result = done(manager, replace(asked("storybook"), prompt=lines, prompt_per_line=True))
    alone = [paint(asked("storybook", "kohya")), paint(replace(asked("storybook"), seed=8))]
    assert [image.tobytes() for image in result.images] == alone


def test_layers_without_a_place_are_told(manager: PipelineManager, settings: Settings, spare: Path) -> None:
    tensors = load_file(spare)
    tensors |= {f"lora_unet_x.{end}.weight": torch.zeros(4, 4) for end in ("lora_down", "lora_up")}
    lora_files.saved(tensors, spare, lora_files.SAID["storybook"])
    result = done(manager, replace(asked("storybook"), loras=[Lora(name="spare")], num_images_per_prompt=2))
    count = sum(name.endswith("lora_up.weight") for name in tensors)
    assert result.note == f"LoRA: 1 of {count} layers of spare have no place in storybook."
    assert done(manager, asked("storybook")).note == ""


def nan(path: Path) -> None:
    tensors = load_file(path)
    next(iter(tensors.values())).flatten()[0] = float("nan")
    lora_files.saved(tensors, path, lora_files.SAID["storybook"])


def foreign(path: Path) -> None:
    pair = {"lora_unet_x.lora_down.weight": torch.zeros(4, 4), "lora_unet_x.lora_up.weight": torch.zeros(4, 4)}
    lora_files.saved(pair, path, lora_files.SAID["storybook"])


def misfit(path: Path) -> None:
    """Off by three in a layer of the text encoder, which comes after the UNet."""
    tensors = load_file(path)
    name = next(name for name in tensors if name.startswith("lora_te_") and name.endswith("up.weight"))
    tensors[name] = torch.zeros(len(tensors[name]) + 3, lora_files.RANK)
    lora_files.saved(tensors, path, lora_files.SAID["storybook"])


def sdxl(path: Path) -> None:
    lora_files.saved(load_file(path), path, lora_files.SAID["sdxl"])


def cut(path: Path) -> None:
    lora_files.spoiled(path, "cut")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (nan, "LoRA: spare holds numbers that are none"),
        (foreign, "LoRA: 0 of 1 layers of spare are in storybook"),
        (misfit, "LoRA: spare does not fit storybook: "),
        (sdxl, "LoRA: spare is for SDXL, but storybook is Storybook."),
        (cut, "LoRA: spare.safetensors is incomplete"),
        (Path.unlink, "LoRAs: there is no 'spare' here."),
    ],
)
def test_after_a_failure_all_is_as_before(paint: Paint, spare: Path, spoil: Callable[[Path], None], said: str) -> None:
    before, lent = paint(asked("storybook")), paint(asked("storybook", "kohya"))
    spoil(spare)
    for names in ([Lora(name="spare")], [Lora(name="storybook-kohya"), Lora(name="spare")]):
        with pytest.raises(StudioError, match=f"^{said}") as caught:
            paint(replace(asked("storybook"), loras=names))
        assert isinstance(caught.value, LoadError | InvalidField)
    assert paint(asked("storybook", "kohya")) == lent
    assert paint(asked("storybook")) == before


def test_a_file_that_was_replaced_is_read_again(settings: Settings, paint: Paint, spare: Path) -> None:
    request = replace(asked("storybook"), loras=[Lora(name="spare")])
    before = paint(request)
    lora_files.kohya(settings.models / "storybook", spare, "storybook", seed=4)
    assert paint(request) != before


def test_changing_one_for_another_reads_no_file_twice(manager: PipelineManager, paint: Paint, spare: Path) -> None:
    request = replace(asked("storybook"), loras=[Lora(name="spare")])
    first, state = paint(request), spare.stat()
    paint(asked("storybook", "kohya"))
    with spare.open("r+b") as file:  # whoever reads it now reads something else
        file.seek(-8, 2)
        file.write(b"\0" * 8)
    os.utime(spare, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert paint(request) == first


def test_putting_on_says_nothing_that_would_frighten(
    manager: PipelineManager, paint: Paint, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        paint(asked("storybook"))
        paint(asked("storybook", "peft"))
        paint(asked("storybook"))
    assert caplog.messages == []
