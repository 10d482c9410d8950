"""Diffusers folders tell their family, and what is missing or damaged, by name."""

import json
import shutil
from functools import partial
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from studio import catalog
from studio.errors import LoadError
from studio.pipelines import folders
from tests import tiny
from tests.forms import Forms

UNET = "unet/diffusion_pytorch_model.safetensors"


def family_name(folder: Path) -> str | None:
    found = folders.family_of(partial(folders.text, folder), folder.name)
    return found and found.name


@pytest.fixture
def sd1(forms: Forms, tmp_path: Path) -> Path:
    """A folder of our own to hurt."""
    return Path(shutil.copytree(forms.folder("sd1"), tmp_path / "mine"))


def changed(path: Path, **values: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


@pytest.mark.parametrize("family", tiny.WRITERS)
def test_the_family_is_told_from_the_texts(forms: Forms, family: str) -> None:
    assert family_name(forms.folder(family)) == family


@pytest.mark.parametrize("task", catalog.family("sd1").pipelines)
def test_a_class_for_another_task_is_of_the_family_too(sd1: Path, task: str) -> None:
    changed(sd1 / "model_index.json", _class_name=catalog.family("sd1").pipelines[task])
    assert family_name(sd1) == "sd1"


@pytest.mark.parametrize("family", tiny.INPAINTERS)
def test_a_folder_made_for_inpainting_is_of_its_family(inpainters: Forms, family: str) -> None:
    folder = inpainters.folder(family)
    assert family_name(folder) == family
    assert folders.channels(partial(folders.text, folder)) == catalog.family(family).inpainting_channels


def test_sd3_takes_33_channels_for_inpainting(forms: Forms, tmp_path: Path) -> None:
    texts = tiny.texts_of(forms.folder("sd3"), tmp_path / "texts")
    changed(texts / "transformer" / "config.json", in_channels=33)
    assert family_name(texts) == "sd3"
    assert folders.channels(partial(folders.text, texts)) == catalog.family("sd3").inpainting_channels


@pytest.mark.parametrize("channels", [5, 8])
def test_a_folder_that_takes_other_input_is_refused(sd1: Path, channels: int) -> None:
    """Such as a depth map, or a whole picture to be edited after an instruction."""
    changed(sd1 / "unet" / "config.json", in_channels=channels)
    with pytest.raises(
        LoadError, match=f"^Checkpoint: mine takes {channels} channels.*nor fill a mask. Choose another"
    ):
        family_name(sd1)


def test_a_folder_that_leaves_the_channels_open_is_the_family_s(sd1: Path) -> None:
    config = json.loads((sd1 / "unet" / "config.json").read_text())
    del config["in_channels"]
    (sd1 / "unet" / "config.json").write_text(json.dumps(config))
    assert family_name(sd1) == "sd1"


@pytest.mark.parametrize("family", tiny.WRITERS)
def test_a_whole_folder_passes_and_its_weights_are_counted(forms: Forms, family: str) -> None:
    folder, left_out = forms.folder(family), catalog.family(family).left_out
    folders.check(folder, left_out)
    files = [path for path in folder.glob("*/*.safetensors") if path.parent.name not in left_out]
    numbers = sum(weight.numel() for path in files for weight in load_file(path).values())
    assert folders.weight_count(folder, left_out, is_half=False) == numbers > 0


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("unet", "the part 'unet' is missing"),
        ("unet/config.json", "mine/unet has no config"),
        (UNET, "mine/unet has no weights"),
        ("scheduler/scheduler_config.json", "mine/scheduler has no config"),
        ("tokenizer", "the part 'tokenizer' is missing"),
        ("model_index.json", "mine/model_index.json is missing"),
    ],
)
def test_what_is_missing_is_named(sd1: Path, file: str, words: str) -> None:
    path = sd1 / file
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(LoadError, match=words):
        folders.check(sd1)


def test_what_is_damaged_is_named(sd1: Path) -> None:
    (sd1 / UNET).write_bytes((sd1 / UNET).read_bytes()[:-1])
    with pytest.raises(LoadError, match=f"mine/{UNET} is incomplete"):
        folders.check(sd1)
    (sd1 / "vae" / "config.json").write_text("[1]")
    with pytest.raises(LoadError, match="vae/config.json is missing or cannot be read"):
        folders.check(sd1)


def test_a_pickle_in_the_place_of_weights_is_not_opened(sd1: Path) -> None:
    (sd1 / UNET).rename(sd1 / "unet" / "diffusion_pytorch_model.bin")
    with pytest.raises(LoadError, match="only as the pickle diffusion_pytorch_model.bin, which is never opened"):
        folders.check(sd1)


def test_parts_that_are_not_needed_may_be_missing(sd1: Path, forms: Forms, tmp_path: Path) -> None:
    changed(sd1 / "model_index.json", safety_checker=["stable_diffusion", "StableDiffusionSafetyChecker"])
    folders.check(sd1)
    assert "safety_checker" not in folders.parts(sd1)
    without = Path(shutil.copytree(forms.folder("sd3"), tmp_path / "sd3", ignore=shutil.ignore_patterns("*_3")))
    folders.check(without, catalog.family("sd3").left_out)
    with pytest.raises(LoadError, match="the part 'text_encoder_3' is missing"):
        folders.check(without)


def test_a_shard_that_is_not_there_is_named(sd1: Path) -> None:
    index = {"weight_map": {"conv_in.weight": "diffusion_pytorch_model-00002-of-00002.safetensors"}}
    (sd1 / "unet" / "diffusion_pytorch_model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(LoadError, match="unet/diffusion_pytorch_model-00002-of-00002.safetensors is missing"):
        folders.check(sd1)


def test_of_two_variants_the_one_of_the_precision_is_meant(sd1: Path) -> None:
    part = sd1 / "unet"
    assert folders.variant(part, is_half=True) is folders.variant(part, is_half=False) is None
    halves = {name: weight.half() for name, weight in load_file(sd1 / UNET).items()}
    save_file({**halves, "more": torch.zeros(5)}, part / "diffusion_pytorch_model.fp16.safetensors")
    assert folders.variant(part, is_half=True) == "fp16" and folders.variant(part, is_half=False) is None
    assert folders.weight_count(sd1, is_half=True) == folders.weight_count(sd1, is_half=False) + 5
    (sd1 / UNET).unlink()
    assert folders.variant(part, is_half=False) == "fp16"
    folders.check(sd1)
