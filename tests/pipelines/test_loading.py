"""Parts are read one by one, and what nothing could be painted with is refused."""

import shutil
from collections.abc import Callable
from pathlib import Path

import diffusers
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from studio import catalog
from studio.errors import Cancelled, LoadError
from studio.pipelines import folders, loading
from studio.pipelines.loading import Loaded, OnPart
from studio.pipelines.sources import Place
from tests import tiny
from tests.forms import Forms

FILES = {
    "unet": "unet/diffusion_pytorch_model.safetensors",
    "vae": "vae/diffusion_pytorch_model.safetensors",
    "text_encoder": "text_encoder/model.safetensors",
}


def loaded(
    folder: Path, family: str = "sd1", *, dtype: torch.dtype = torch.float32, on_part: OnPart = lambda done, parts: None
) -> Loaded:
    cpu = torch.device("cpu")
    return loading.load(Place(folder), catalog.family(family), dtype=dtype, device=cpu, on_part=on_part)


def changed(file: Path, change: Callable[[dict[str, Tensor]], object]) -> None:
    weights = {name: weight.clone() for name, weight in load_file(file).items()}
    change(weights)
    save_file(weights, file, metadata={"format": "pt"})


@pytest.fixture
def mine(forms: Forms, tmp_path: Path) -> Path:
    return Path(shutil.copytree(forms.folder("sd1"), tmp_path / "mine"))


@pytest.mark.parametrize("family", tiny.WRITERS)
def test_parts_are_told_of_before_each_is_read(forms: Forms, family: str) -> None:
    told: list[tuple[int, int]] = []
    made = loaded(forms.folder(family), family, on_part=lambda done, parts: told.append((done, parts)))
    assert told == [(done, len(made.modules)) for done in range(len(made.modules) + 1)]
    assert "scheduler" not in made.components
    assert not any(weight.requires_grad for module in made.modules.values() for weight in module.parameters())


def test_what_is_left_out_is_none(forms: Forms) -> None:
    made = loaded(forms.folder("sd3"), "sd3").components
    assert made["text_encoder_3"] is made["tokenizer_3"] is None and made["text_encoder_2"] is not None


def test_a_load_is_stopped_between_two_parts(forms: Forms) -> None:
    def stop(done: int, parts: int) -> None:
        if done == 1:
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        loaded(forms.folder("sd1"), on_part=stop)


@pytest.mark.parametrize("part", FILES)
@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_numbers_that_are_none_are_refused_by_the_part(mine: Path, part: str, number: float) -> None:
    changed(mine / FILES[part], lambda weights: weights[min(weights)].view(-1)[:1].fill_(number))
    with pytest.raises(LoadError, match=rf"^Checkpoint: the part '{part}' of mine holds numbers that are none \(NaN\)"):
        loaded(mine)


@pytest.mark.parametrize("part", FILES)
def test_weights_that_are_missing_are_not_made_up(mine: Path, part: str) -> None:
    changed(mine / FILES[part], lambda weights: weights.pop(min(weights)))
    with pytest.raises(LoadError, match=f"^Checkpoint: the part '{part}' of mine lacks 1 of its weights"):
        loaded(mine)


def test_the_variant_of_the_precision_is_read(mine: Path) -> None:
    file = mine / FILES["unet"]
    half = file.with_name("diffusion_pytorch_model.fp16.safetensors")
    shutil.copy(file, half)
    changed(half, lambda weights: [weight.zero_() for weight in weights.values()])
    assert not any(weight.any() for weight in loaded(mine, dtype=torch.float16).modules["unet"].parameters())
    assert any(weight.any() for weight in loaded(mine).modules["unet"].parameters())
    file.unlink()
    assert not any(weight.any() for weight in loaded(mine).modules["unet"].parameters())


def test_another_vae_stands_in_at_half_precision_only(forms: Forms, tmp_path: Path) -> None:
    vae = Path(shutil.copytree(forms.folder("sdxl") / "vae", tmp_path / "fixed"))
    changed(vae / Path(FILES["vae"]).name, lambda weights: [weight.zero_() for weight in weights.values()])
    place, family = Place(forms.folder("sdxl"), None, vae), catalog.family("sdxl")
    for dtype, is_own in ((torch.float32, True), (torch.bfloat16, True), (torch.float16, False)):
        made = loading.load(
            place, family, dtype=dtype, device=torch.device("cpu"), on_part=lambda done, parts: None
        ).modules["vae"]
        assert any(weight.any() for weight in made.parameters()) == is_own and made.dtype == dtype


def test_a_safety_checker_that_is_not_there_is_done_without(mine: Path) -> None:
    index = mine / "model_index.json"
    row = '"safety_checker": ["stable_diffusion", "StableDiffusionSafetyChecker"]'
    index.write_text(index.read_text().replace('"safety_checker": [\n    null,\n    null\n  ]', row))
    assert row in index.read_text()
    made = loaded(mine)
    assert made.components["safety_checker"] is None and made.options["requires_safety_checker"] is False


def test_what_the_model_index_says_beside_the_parts_is_kept(forms: Forms, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(forms.folder("sdxl"), tmp_path / "mine"))
    index = folder / "model_index.json"
    index.write_text(
        index.read_text().replace('"force_zeros_for_empty_prompt": true', '"force_zeros_for_empty_prompt": false')
    )
    assert loaded(folder, "sdxl").options == {"force_zeros_for_empty_prompt": False, "add_watermarker": False}


@pytest.mark.parametrize("family", tiny.INPAINTERS)
def test_a_folder_made_for_inpainting_is_loaded_with_all_its_options(inpainters: Forms, family: str) -> None:
    made = loaded(inpainters.folder(family), family)
    assert made.modules["unet"].config.in_channels == 9
    named = "requires_aesthetics_score" if family == "sdxl" else "requires_safety_checker"
    assert made.options[named] is False


@pytest.mark.parametrize("family", catalog.FAMILIES, ids=lambda row: row.name)
def test_all_classes_of_a_family_take_the_same_parts(family: catalog.Family) -> None:
    """So that what is loaded for one task serves the others."""
    classes = [getattr(diffusers, name) for name in family.pipelines.values()]
    assert len({frozenset(made._get_signature_keys(made)[0]) for made in classes}) == 1


@pytest.mark.parametrize("row", ['["os", "system"]', '["subprocess", "Popen"]', '["studio.errors", "StudioError"]'])
def test_a_model_index_that_names_other_modules_is_refused(mine: Path, row: str) -> None:
    index = mine / "model_index.json"
    index.write_text(index.read_text().replace('[\n    "transformers",\n    "CLIPTextModel"\n  ]', row))
    assert row in index.read_text()
    with pytest.raises(LoadError, match="is no part of diffusers or transformers"):
        loaded(mine)
    with pytest.raises(LoadError, match="mine needs .* as 'text_encoder', which is no part of diffusers"):
        folders.check(mine)
