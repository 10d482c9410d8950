"""The owner's folder is watched: what lies there is offered, and what cannot be used says why."""

import json
import os
import pickle
import shutil
from pathlib import Path

import pytest

from studio import catalog
from studio.pipelines import shelf
from tests import tiny
from tests.forms import Forms

WEIGHTS = "unet/diffusion_pytorch_model.safetensors"


@pytest.fixture
def models(forms: Forms, tmp_path: Path) -> Path:
    """A folder of our own with one checkpoint as a folder and one as a file."""
    folder = tmp_path / "models"
    shutil.copytree(forms.folder("sd1"), folder / "painter")
    shutil.copy(forms.file("sdxl"), folder / "large.safetensors")
    return folder


def problems(models: Path) -> dict[str, str]:
    return {row.id: row.problem for row in shelf.rows(models)}


def test_folders_and_files_are_found_one_level_deep(models: Path) -> None:
    (models / "more.sub").mkdir()
    shutil.move(models / "large.safetensors", models / "more.sub" / "large.v2.safetensors")
    shutil.copytree(models / "painter", models / "more.sub" / "painter")
    shutil.copytree(models / "painter", models / "more.sub" / "deeper" / "painter")
    rows = {row.id: row for row in shelf.rows(models)}
    assert set(rows) == {"painter", "more.sub/large.v2.safetensors", "more.sub/painter"}
    assert rows["painter"].family == "sd1" and rows["more.sub/large.v2.safetensors"].family == "sdxl"
    assert rows["more.sub/large.v2.safetensors"].label == "large.v2"
    assert all(shelf.row(models, id) == row for id, row in rows.items())


def test_what_comes_and_goes_is_seen_at_once(models: Path) -> None:
    assert problems(models) == {"large.safetensors": "", "painter": ""}
    shutil.copy(models / "large.safetensors", models / "other.safetensors")
    assert set(problems(models)) == {"large.safetensors", "other.safetensors", "painter"}
    (models / "other.safetensors").unlink()
    shutil.rmtree(models / "painter")
    assert set(problems(models)) == {"large.safetensors"}


def test_a_file_is_told_anew_when_it_changes(models: Path) -> None:
    whole = (models / "large.safetensors").read_bytes()
    (models / "large.safetensors").write_bytes(whole[:-1])
    assert "is incomplete" in problems(models)["large.safetensors"]
    (models / "large.safetensors").write_bytes(whole)
    assert problems(models)["large.safetensors"] == ""
    unet = models / "painter" / WEIGHTS
    unet.write_bytes(unet.read_bytes() + b"more")
    assert "4 bytes follow" in problems(models)["painter"]


def test_pickles_are_named_and_never_opened(models: Path) -> None:
    class Canary:
        def __reduce__(self) -> tuple[object, ...]:
            return Path.touch, (models / "canary",)

    for name in ("a.ckpt", "b.pt", "c.pth", "d.bin", "e.safetensors", "f.SAFETENSORS"):
        (models / name).write_bytes(pickle.dumps(Canary()))
        row = shelf.row(models, name)
        assert row.is_pickle and f"{name} is a pickle" in row.problem and "studio.convert" in row.problem
    assert not (models / "canary").exists()


def test_the_content_decides_and_not_the_name(models: Path) -> None:
    shutil.copy(models / "large.safetensors", models / "other.ckpt")
    row = shelf.row(models, "other.ckpt")
    assert row.family == "sdxl" and not row.problem and not row.is_pickle


def test_a_pickle_that_was_converted_is_passed_over(models: Path) -> None:
    (models / "large.ckpt").write_bytes(b"\x80\x02}q\x00.")
    (models / "small.ckpt").write_bytes(b"\x80\x02}q\x00.")
    assert "large.ckpt" not in problems(models) and "small.ckpt" in problems(models)


def test_other_files_are_named_in_the_folder_and_passed_over_below_it(models: Path) -> None:
    vae = models / "painter" / "vae" / "diffusion_pytorch_model.safetensors"
    shutil.copy(vae, models / "vae.safetensors")
    (models / "vaes").mkdir()
    shutil.copy(vae, models / "vaes" / "vae.safetensors")
    assert "is a VAE, not a checkpoint" in problems(models)["vae.safetensors"]
    assert "vaes/vae.safetensors" not in problems(models)
    assert "is a VAE" in shelf.row(models, "vaes/vae.safetensors").problem


def test_folders_of_texts_alone_are_no_checkpoints(models: Path) -> None:
    tiny.texts_of(models / "painter", models / "config")
    assert "config" not in problems(models) and shelf.row(models, "config") is None


def test_an_unknown_family_is_said_so(models: Path) -> None:
    index = models / "painter" / "model_index.json"
    index.write_text(json.dumps(json.loads(index.read_text()) | {"_class_name": "FluxPipeline"}))
    assert "painter is of no family known here" in problems(models)["painter"]


@pytest.mark.parametrize(
    "id", ["", ".", "..", "../models/painter", "painter/", "/painter", "a/b/c", ".hidden", "painter/unet", "no"]
)
def test_ids_lead_nowhere_else(models: Path, id: str) -> None:
    shutil.copytree(models / "painter", models / ".hidden")
    assert shelf.row(models, id) is None
    assert ".hidden" not in problems(models)


def test_what_is_no_file_is_not_touched(models: Path) -> None:
    """Opening a FIFO waits for ever."""
    os.mkfifo(models / "trap.safetensors")
    (models / "link.safetensors").symlink_to(models / "nowhere")
    (models / "folder.safetensors").mkdir()
    assert set(problems(models)) == {"large.safetensors", "painter"}


def test_without_a_folder_there_is_nothing(tmp_path: Path) -> None:
    assert shelf.rows(None) == shelf.rows(tmp_path / "gone") == []
    assert shelf.row(None, "painter") is None


@pytest.mark.parametrize("beside", ["large", "large.config", "config"])
def test_texts_are_found_beside_a_file(models: Path, forms: Forms, beside: str) -> None:
    file, family = models / "large.safetensors", catalog.family("sdxl")
    assert shelf.configs_beside(file, family) is None
    shutil.copytree(forms.folder("sd1"), models / beside)
    assert shelf.configs_beside(file, family) is None
    shutil.rmtree(models / beside)
    shutil.copytree(forms.folder("sdxl"), models / beside)
    assert shelf.configs_beside(file, family) == models / beside


def test_what_is_made_for_inpainting_is_said(inpainters: Forms, forms: Forms) -> None:
    rows = {row.id: row for row in shelf.rows(inpainters.models)}
    assert {"folders/sd1", "folders/sdxl", "files/sd1.safetensors", "files/sdxl.safetensors"} == set(rows)
    assert all(row.is_inpainting and not row.problem for row in rows.values())
    assert not any(row.is_inpainting for row in shelf.rows(forms.models))


def test_what_takes_other_input_is_listed_with_its_reason(models: Path) -> None:
    config = models / "painter" / "unet" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"in_channels": 8}))
    assert "painter takes 8 channels" in problems(models)["painter"]


def test_a_folder_says_the_size_it_was_made_for(tmp_path: Path) -> None:
    tiny.sd2(tmp_path / "base", 0, prediction_type="epsilon")
    path = tmp_path / "base" / "unet" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"sample_size": 64}))
    row = shelf.row(tmp_path, "base")
    assert catalog.default_size(row) == (512, 512)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"sample_size": 96}))
    assert catalog.default_size(shelf.row(tmp_path, "base")) == (768, 768)
