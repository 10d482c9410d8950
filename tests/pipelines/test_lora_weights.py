"""The weights of a LoRA file, checked and laid in the shapes of the layers they are for."""

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from studio.errors import LoadError
from studio.pipelines.lora_weights import Matched, matched
from studio.pipelines.loras import LoraFile
from tests import lora_files

DOWN, UP = torch.randn(4, 8), torch.randn(6, 4)


@pytest.fixture
def unet() -> nn.Module:
    """Of the layers that a LoRA is for, one of each kind."""
    made = nn.Module()
    made.a, made.b, made.c = nn.Linear(8, 6), nn.Conv2d(8, 6, 1), nn.Conv2d(8, 6, 3)
    made.config = None
    return made


def written(tmp_path: Path, tensors: dict[str, Tensor], **metadata: str) -> LoraFile:
    path = lora_files.saved(tensors, tmp_path / "ink.safetensors", metadata)
    return LoraFile(name="ink", path=path, size_bytes=1)


def found(file: LoraFile, unet: nn.Module) -> Matched:
    return matched(file, {"unet": unet}, "Storybook")


def kohya(name: str, down: Tensor = DOWN, up: Tensor = UP) -> dict[str, Tensor]:
    return {f"lora_unet_{name}.lora_down.weight": down, f"lora_unet_{name}.lora_up.weight": up}


def refused(file: LoraFile, unet: nn.Module) -> str:
    with pytest.raises(LoadError) as caught:
        found(file, unet)
    return str(caught.value)


def test_weights_come_by_part_and_layer(tmp_path: Path, unet: nn.Module) -> None:
    made = found(written(tmp_path, kohya("a")), unet)
    assert (made.found, made.count) == (1, 1)
    assert torch.equal(made.weights["unet"]["a.lora_A.weight"], DOWN)
    assert torch.equal(made.weights["unet"]["a.lora_B.weight"], UP)


@pytest.mark.parametrize(
    ("tensors", "metadata", "factor"),
    [
        (kohya("a") | {"lora_unet_a.alpha": torch.tensor(2.0)}, {}, 0.5),
        ({"unet.a.lora_A.weight": DOWN, "unet.a.lora_B.weight": UP}, {}, 1),
        (
            {"unet.a.lora_A.weight": DOWN, "unet.a.lora_B.weight": UP},
            {"lora_adapter_metadata": json.dumps({"unet.lora_alpha": 8, "unet.r": 4})},
            2,
        ),
        (
            {"unet.a.lora_A.weight": DOWN, "unet.a.lora_B.weight": UP},
            {"lora_adapter_metadata": json.dumps({"unet.lora_alpha": 8, "unet.use_rslora": True})},
            4,
        ),
        (
            {"unet.a.lora_A.weight": DOWN, "unet.a.lora_B.weight": UP},
            {"lora_adapter_metadata": json.dumps({"unet.lora_alpha": 8, "unet.alpha_pattern": {"a": 1}})},
            0.25,
        ),
        ({"unet.a.lora_A.weight": DOWN, "unet.a.lora_B.weight": UP}, {"lora_adapter_metadata": "{"}, 1),
        ({"unet.a.lora_A.weight": DOWN, "unet.a.lora_B.weight": UP}, {"lora_adapter_metadata": "[]"}, 1),
    ],
)
def test_what_a_layer_is_multiplied_by_is_laid_in(
    tmp_path: Path, unet: nn.Module, tensors: dict, metadata: dict, factor: float
) -> None:
    made = found(written(tmp_path, tensors, **metadata), unet)
    assert torch.equal(made.weights["unet"]["a.lora_B.weight"], UP * factor)


@pytest.mark.parametrize(
    ("name", "down", "shapes"),
    [
        ("b", DOWN, ((4, 8, 1, 1), (6, 4, 1, 1))),
        ("a", DOWN[..., None, None], ((4, 8), (6, 4))),
        ("c", torch.randn(4, 8, 3, 3), ((4, 8, 3, 3), (6, 4, 1, 1))),
    ],
)
def test_matrices_take_the_shape_of_their_layer(
    tmp_path: Path, unet: nn.Module, name: str, down: Tensor, shapes: tuple
) -> None:
    weights = found(written(tmp_path, kohya(name, down)), unet).weights["unet"]
    assert tuple(tuple(weight.shape) for weight in weights.values()) == shapes


def test_weights_come_in_the_precision_of_the_layer(tmp_path: Path, unet: nn.Module) -> None:
    made = found(written(tmp_path, kohya("a", DOWN.half(), UP.bfloat16())), unet)
    assert {weight.dtype for weight in made.weights["unet"].values()} == {torch.float32}


def test_layers_without_a_place_are_counted(tmp_path: Path, unet: nn.Module) -> None:
    made = found(written(tmp_path, kohya("a") | kohya("nowhere")), unet)
    assert (made.found, made.count) == (1, 2)


def test_a_file_of_no_layer_at_all_is_refused(tmp_path: Path, unet: nn.Module) -> None:
    said = refused(written(tmp_path, kohya("x") | kohya("y")), unet)
    assert said.startswith("LoRA: 0 of 2 layers of ink are in Storybook, so it would change nothing.")


@pytest.mark.parametrize(("down", "up"), [(torch.randn(4, 11), UP), (DOWN, torch.randn(9, 4)), (DOWN[:0], UP[:, :0])])
def test_a_layer_of_another_size_is_refused(tmp_path: Path, unet: nn.Module, down: Tensor, up: Tensor) -> None:
    said = refused(written(tmp_path, kohya("a", down, up)), unet)
    assert said.startswith("LoRA: ink does not fit Storybook: its layer for a of the unet has another size.")


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_numbers_that_are_none_are_refused(tmp_path: Path, unet: nn.Module, number: float) -> None:
    down = DOWN.clone()
    down[2, 3] = number
    said = refused(written(tmp_path, kohya("a", down)), unet)
    assert said.startswith("LoRA: ink holds numbers that are none (NaN) or infinite")


def test_half_a_layer_is_refused(tmp_path: Path, unet: nn.Module) -> None:
    said = refused(written(tmp_path, {"lora_unet_a.lora_down.weight": DOWN}), unet)
    assert said == "LoRA: ink is damaged: its layer lora_unet_a lacks one of two matrices. Fetch it again."


@pytest.mark.parametrize("damage", ["cut", "html", "lfs", "gone"])
def test_a_file_damaged_since_it_was_listed_is_named(tmp_path: Path, unet: nn.Module, damage: str) -> None:
    file = written(tmp_path, kohya("a"))
    if damage == "gone":
        file.path.unlink()
    else:
        lora_files.spoiled(file.path, damage)
    assert refused(file, unet).startswith("LoRA: ink cannot be read: ")
