"""An IP-Adapter, a LoRA and a ControlNet on one checkpoint, one after the other and together: none leaves a trace."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations, permutations

import pytest
from PIL import Image

from studio import images
from studio.config import Settings
from studio.pipelines.manager import PipelineManager
from studio.requests import Control, Lora, Reference, TextToImage
from studio.tasks import run
from tests import lora_files

SHOWN = images.picture(Image.effect_noise((256, 256), 99).convert("RGB"))
QUICK = {"width": 256, "height": 256, "num_inference_steps": 2, "guidance_scale": 2.0, "seed": 7}
ADAPTERS = {
    "reference": {"references": (Reference(image=SHOWN, ip_adapter_scale=1.0),), "transfer": "both"},
    "LoRA": {"loras": (Lora(name="ink", scale=1.0),)},
    "control": {"controls": (Control(kind="canny", image=SHOWN, preprocessor="canny"),)},
}


@pytest.fixture(scope="module")
def paint(styled: Settings, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., bytes]:
    """The bytes of a picture with the named adapters, painted anew each time."""
    models = tmp_path_factory.mktemp("models")
    base = shutil.copytree(styled.models / "sd1", models / "sd1")
    lora_files.kohya(base, models / "loras" / "ink.safetensors", "sd1", seed=1)
    manager = PipelineManager(replace(styled, models=models))

    def painted(*names: str) -> bytes:
        how = {field: value for name in names for field, value in ADAPTERS[name].items()}
        request = TextToImage(prompt="a red house", checkpoint="sd1", **QUICK, **how)
        return run(request, manager, lambda event: None).images[0].tobytes()

    return painted


@pytest.fixture(scope="module")
def alone(paint: Callable[..., bytes]) -> dict[str, bytes]:
    """The picture of words alone, by "", and of each adapter, right after the start."""
    return {"": paint()} | {name: paint(name) for name in ADAPTERS}


@pytest.mark.parametrize("order", list(permutations(ADAPTERS)), ids=" ".join)
def test_in_any_order_each_gives_its_bytes_and_words_alone_theirs(
    paint: Callable[..., bytes], alone: dict[str, bytes], order: tuple[str, ...]
) -> None:
    assert [paint(name) for name in order] == [alone[name] for name in order]
    assert paint() == alone[""]


def test_each_of_them_shows_in_every_company(paint: Callable[..., bytes], alone: dict[str, bytes]) -> None:
    pairs = [paint(*pair) for pair in combinations(ADAPTERS, 2)]
    made = [*alone.values(), *pairs, paint(*ADAPTERS)]
    assert len({*made}) == len(made)
    assert paint() == alone[""]
