"""Checkpoints are found where they are, and nowhere else."""

from dataclasses import replace
from pathlib import Path

import pytest

from studio.config import Settings
from studio.errors import NotFound
from studio.pipelines import sources
from tests import tiny


def test_the_owner_s_folders_are_offered_by_name(settings: Settings) -> None:
    rows = {row.id: folder for row, folder in sources.available(settings)}
    assert rows["one"] == (settings.models / "one").resolve()
    assert {"storybook", "sd15"} <= set(rows)


def test_a_path_may_be_named_on_a_private_studio_only(settings: Settings) -> None:
    path = str(settings.models / "one")
    assert sources.find(path, settings).family == "storybook"
    with pytest.raises(NotFound):
        sources.find(path, replace(settings, listen="0.0.0.0"))


def test_the_family_is_told_from_the_layout(tmp_path: Path, settings: Settings) -> None:
    tiny.write(tmp_path / "large", 0, vae_levels=4)
    assert sources.find(str(tmp_path / "large"), settings).family == "sd1"


def test_a_hub_checkpoint_that_was_never_fetched_is_not_here(settings: Settings, tmp_path: Path) -> None:
    rows = {row.id: folder for row, folder in sources.available(replace(settings, cache_dir=tmp_path / "empty"))}
    assert rows["sd15"] is None


def test_a_hub_checkpoint_in_the_cache_is_found(settings: Settings, tmp_path: Path) -> None:
    repository = tmp_path / "models--stable-diffusion-v1-5--stable-diffusion-v1-5"
    snapshot = repository / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("abc")
    (snapshot / "model_index.json").write_text("{}")
    row = sources.find("sd15", settings)
    assert sources.folder_of(row, replace(settings, cache_dir=tmp_path)) == snapshot


def test_a_folder_of_no_known_family_is_refused(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "model_index.json").write_text('{"_class_name": "FluxPipeline"}')
    with pytest.raises(NotFound, match="odd is of no family known here"):
        sources.find(str(tmp_path / "odd"), settings)
