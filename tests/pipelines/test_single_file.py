"""Parts come out of a single file as they are in the folder it was made of."""

from pathlib import Path

import pytest
import torch
from diffusers import AutoencoderKL
from safetensors.torch import load_file, save_file

from studio import catalog
from studio.errors import LoadError
from studio.pipelines import loading, single_file
from studio.pipelines.loading import Loaded
from studio.pipelines.sources import Place
from tests import tiny
from tests.forms import Forms


def loaded(place: Place, family: str, dtype: torch.dtype = torch.float32) -> Loaded:
    cpu = torch.device("cpu")
    return loading.load(place, catalog.family(family), dtype=dtype, device=cpu, on_part=lambda done, parts: None)


@pytest.mark.parametrize("family", tiny.WRITERS)
def test_a_file_gives_the_same_weights_as_its_folder(forms: Forms, family: str) -> None:
    folder = loaded(Place(forms.folder(family)), family)
    file = loaded(Place(forms.folder(family), forms.file(family)), family)
    assert folder.modules.keys() == file.modules.keys() and folder.size_bytes == file.size_bytes > 0
    for name, module in folder.modules.items():
        other = file.modules[name].state_dict()
        assert module.state_dict().keys() == other.keys()
        assert all(torch.equal(weight, other[key]) for key, weight in module.state_dict().items())


@pytest.mark.parametrize("family", tiny.INPAINTERS)
def test_a_file_made_for_inpainting_is_read_with_the_texts_of_a_plain_one(
    inpainters: Forms, forms: Forms, family: str
) -> None:
    folder = loaded(Place(inpainters.folder(family)), family).modules["unet"]
    file = loaded(Place(forms.folder(family), inpainters.file(family)), family).modules["unet"]
    assert file.config.in_channels == folder.config.in_channels == 9
    assert all(torch.equal(weight, file.state_dict()[key]) for key, weight in folder.state_dict().items())


def test_a_plain_file_is_read_with_the_texts_of_one_for_inpainting(inpainters: Forms, forms: Forms) -> None:
    unet = loaded(Place(inpainters.folder("sd1"), forms.file("sd1")), "sd1").modules["unet"]
    assert unet.config.in_channels == unet.conv_in.in_channels == 4


def test_texts_are_all_that_is_read_beside_a_file(forms: Forms, tmp_path: Path) -> None:
    texts = tiny.texts_of(forms.folder("sdxl"), tmp_path / "texts")
    assert loaded(Place(texts, forms.file("sdxl")), "sdxl").modules.keys() == {
        "text_encoder",
        "text_encoder_2",
        "unet",
        "vae",
    }


def test_what_a_file_has_not_is_taken_from_the_folder(forms: Forms, tmp_path: Path) -> None:
    weights = load_file(forms.file("sd3"))
    bare = {name: weight for name, weight in weights.items() if not name.startswith("text_encoders.")}
    save_file(bare, tmp_path / "bare.safetensors")
    assert not single_file.holds(bare, "text_encoder") and single_file.holds(bare, "transformer")
    both = loaded(Place(forms.folder("sd3"), tmp_path / "bare.safetensors"), "sd3")
    assert torch.equal(both.modules["text_encoder"].state_dict()["text_projection.weight"], torch.eye(tiny.WIDTH))


def test_a_file_that_lacks_a_weight_is_refused_by_the_part(forms: Forms, tmp_path: Path) -> None:
    weights = load_file(forms.file("sd1"))
    del weights["model.diffusion_model.out.2.weight"]
    save_file(weights, tmp_path / "less.safetensors")
    with pytest.raises(LoadError, match="the file lacks weights of the part 'unet'"):
        loaded(Place(forms.folder("sd1"), tmp_path / "less.safetensors"), "sd1")


def test_making_a_part_leaves_the_weights_as_they_were(forms: Forms) -> None:
    weights = single_file.weights(forms.file("sd1"))
    names = list(weights)
    single_file.maker(AutoencoderKL, "vae", weights, configs=forms.folder("sd1"), dtype=torch.float16)()
    assert list(weights) == names
