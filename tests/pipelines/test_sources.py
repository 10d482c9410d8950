"""Checkpoints are found where they are, and nowhere else."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from studio import catalog
from studio.config import Settings
from studio.engine.checkpoints import described
from studio.errors import LoadError, NotFound
from studio.pipelines import shelf, sources
from tests import tiny
from tests.forms import ROWS, Forms


@pytest.fixture
def every_form(forms: Forms, tmp_path: Path) -> Settings:
    return forms.settings(tmp_path / "outputs")


@pytest.fixture
def lone_file(forms: Forms, tmp_path: Path) -> Settings:
    """A studio with one single file, and with nothing to read it with."""
    models = tmp_path / "models"
    models.mkdir()
    shutil.copy(forms.file("sd1"), models / "mine.safetensors")
    return Settings(models=models, cache_dir=tmp_path / "hub", device="cpu")


def listed(settings: Settings) -> dict[str, tuple[catalog.Checkpoint, Path | None]]:
    return {row.id: (row, path) for row, path in sources.available(settings)}


def test_the_owner_s_folders_are_offered_by_name(settings: Settings) -> None:
    rows = listed(settings)
    assert rows["one"][1] == (settings.models / "one").resolve()
    assert {"storybook", "sd15"} <= set(rows)


def test_the_owner_s_own_goes_before_the_catalogue_s_of_the_same_id(forms: Forms, tmp_path: Path) -> None:
    shutil.copytree(forms.folder("sd1"), tmp_path / "sdxl")
    settings = Settings(models=tmp_path, device="cpu")
    ids = [row.id for row, _ in sources.available(settings)]
    assert len(set(ids)) == len(ids)
    assert listed(settings)["sdxl"][0] == sources.find("sdxl", settings) and listed(settings)["sdxl"][0].family == "sd1"


def test_the_bundled_checkpoint_can_be_used(settings: Settings) -> None:
    row, folder = listed(settings)["storybook"]
    assert not row.problem and folder == sources.PROJECT / row.source


def test_a_path_may_be_named_on_a_private_studio_only(every_form: Settings, forms: Forms) -> None:
    for path in (forms.folder("sd1"), forms.file("sd1")):
        assert sources.find(str(path), every_form).family == "sd1"
        with pytest.raises(NotFound):
            sources.find(str(path), replace(every_form, listen="0.0.0.0"))


def test_a_hub_id_may_be_named_on_a_private_studio_if_it_is_here(
    every_form: Settings, forms: Forms, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    tiny.hub_cache(forms.folder("sdxl"), cache, "someone/painter")
    settings = replace(every_form, cache_dir=cache)
    row = sources.find("someone/painter", settings)
    assert (row.id, row.family, row.source) == ("someone/painter", "sdxl", "someone/painter")
    assert sources.located(row, settings).name == tiny.REVISION
    for other in (replace(settings, listen="0.0.0.0"), replace(settings, cache_dir=tmp_path)):
        with pytest.raises(NotFound):
            sources.find("someone/painter", other)


def test_a_hub_id_of_the_catalogue_is_its_row(every_form: Settings) -> None:
    assert sources.find("stabilityai/stable-diffusion-xl-base-1.0", every_form).id == "sdxl"


@pytest.mark.parametrize("id", ["a b/c", "a/" + "b" * 300, "x" * 5000, "\N{SNOWMAN}/\N{SNOWMAN}"])
def test_what_is_no_id_is_not_found(every_form: Settings, id: str) -> None:
    with pytest.raises(NotFound, match="there is no '"):
        sources.find(id, every_form)


def test_a_hub_checkpoint_that_was_never_fetched_is_not_here(settings: Settings, tmp_path: Path) -> None:
    empty = replace(settings, cache_dir=tmp_path / "empty")
    assert listed(empty)["sd15"][1] is None
    with pytest.raises(LoadError, match="Stable Diffusion 1.5 is not on this machine. Download it"):
        sources.located(catalog.checkpoint("sd15"), empty)


@pytest.mark.parametrize("id", ROWS.values())
def test_a_hub_checkpoint_in_the_cache_is_found_at_its_commit(every_form: Settings, id: str) -> None:
    row, folder = listed(every_form)[id]
    assert not row.problem and folder.name == row.revision
    assert sources.place(row, every_form) == sources.Place(folder)


def test_of_several_commits_the_one_of_the_catalogue_is_meant(forms: Forms, settings: Settings, tmp_path: Path) -> None:
    row = catalog.checkpoint("sd15")
    newer = tiny.hub_cache(forms.folder("sd1"), tmp_path, row.source)
    here = replace(settings, cache_dir=tmp_path)
    assert sources.folder_of(row, here) == newer
    pinned = shutil.copytree(newer, newer.with_name(row.revision))
    assert sources.folder_of(row, here) == pinned


def test_what_came_from_a_hub_and_is_not_whole_counts_as_not_here(
    forms: Forms, settings: Settings, tmp_path: Path
) -> None:
    row = catalog.checkpoint("sdxl")
    snapshot = tiny.hub_cache(forms.folder("sdxl"), tmp_path, row.source, revision=row.revision)
    shutil.rmtree(snapshot / "unet")
    row, folder = listed(replace(settings, cache_dir=tmp_path))["sdxl"]
    assert folder is None and "the part 'unet' is missing" in row.problem


def test_a_damaged_folder_is_listed_with_its_reason_and_refused(forms: Forms, tmp_path: Path) -> None:
    shutil.copytree(forms.folder("sd1"), tmp_path / "mine")
    (tmp_path / "mine" / "vae" / "config.json").unlink()
    settings = Settings(models=tmp_path, device="cpu")
    row, folder = listed(settings)["mine"]
    assert folder == tmp_path / "mine" and "mine/vae has no config" in row.problem
    with pytest.raises(LoadError, match="mine/vae has no config"):
        sources.located(sources.find("mine", settings), settings)


def test_a_folder_of_no_known_family_is_refused(tmp_path: Path, settings: Settings, forms: Forms) -> None:
    odd = Path(shutil.copytree(forms.folder("sd1"), tmp_path / "odd"))
    (odd / "model_index.json").write_text('{"_class_name": "FluxPipeline"}')
    with pytest.raises(LoadError, match="odd is of no family known here"):
        sources.located(sources.find(str(odd), settings), settings)


def test_a_single_file_is_read_with_the_texts_in_the_cache(every_form: Settings) -> None:
    row, path = listed(every_form)["files/sd1.safetensors"]
    published = catalog.checkpoint("sd15")
    assert not row.problem and path.name == "sd1.safetensors"
    assert sources.place(row, every_form) == sources.Place(sources.folder_of(published, every_form), path)
    assert sources.folder_of(row, every_form).name == published.revision


def test_a_single_file_without_texts_says_which_and_how_to_get_them(lone_file: Settings) -> None:
    row, path = listed(lone_file)["mine.safetensors"]
    assert path is not None and row.family == "sd1" and row.needs == "stable-diffusion-v1-5/stable-diffusion-v1-5"
    with pytest.raises(
        LoadError, match="Fetch those of stable-diffusion-v1-5/.*put them into a folder 'mine' beside it"
    ):
        sources.place(row, lone_file)
    assert sources.folder_of(row, lone_file) is None


def test_texts_that_are_fetched_make_a_single_file_ready(lone_file: Settings, forms: Forms) -> None:
    texts = lone_file.models / "texts"
    tiny.texts_of(forms.folder("sd1"), texts)
    repo = listed(lone_file)["mine.safetensors"][0].needs
    snapshot = tiny.hub_cache(texts, lone_file.cache_dir, repo)
    assert sources.place(sources.find("mine.safetensors", lone_file), lone_file).configs == snapshot
    shutil.move(texts, lone_file.models / "mine")
    place = sources.place(sources.find("mine.safetensors", lone_file), lone_file)
    assert place.configs == (lone_file.models / "mine").resolve()


def test_half_the_texts_are_none(lone_file: Settings, forms: Forms) -> None:
    tiny.texts_of(forms.folder("sd1"), lone_file.models / "mine")
    shutil.rmtree(lone_file.models / "mine" / "tokenizer")
    assert listed(lone_file)["mine.safetensors"][0].needs


def test_a_part_that_neither_file_nor_folder_has_is_named(forms: Forms, tmp_path: Path) -> None:
    """The published single files of SD3 come without text encoders."""
    from safetensors.torch import load_file, save_file

    weights = load_file(forms.file("sd3"))
    bare = {name: weight for name, weight in weights.items() if not name.startswith("text_encoders.")}
    save_file(bare, tmp_path / "bare.safetensors")
    settings = Settings(models=tmp_path, cache_dir=tmp_path / "hub", device="cpu")
    tiny.texts_of(forms.folder("sd3"), tmp_path / "bare")
    row = listed(settings)["bare.safetensors"][0]
    assert "bare.safetensors has no text_encoder. Put a diffusers folder 'bare' that has one beside it" in row.problem
    shutil.rmtree(tmp_path / "bare")
    shutil.copytree(forms.folder("sd3"), tmp_path / "bare")
    assert not listed(settings)["bare.safetensors"][0].problem


def test_a_vae_that_stands_in_is_found_in_the_cache(forms: Forms, tmp_path: Path, settings: Settings) -> None:
    row = catalog.checkpoint("sdxl")
    folder = tiny.hub_cache(forms.folder("sdxl"), tmp_path, row.source, revision=row.revision)
    here = replace(settings, cache_dir=tmp_path)
    assert sources.place(row, here).vae is None
    vae = tiny.hub_cache(forms.folder("sdxl") / "vae", tmp_path, row.vae)
    assert sources.place(row, here) == sources.Place(folder, None, vae)


def test_what_loading_found_wrong_is_said_until_the_file_changes(lone_file: Settings, forms: Forms) -> None:
    shutil.copytree(forms.folder("sd1"), lone_file.models / "mine")
    path = sources.path_of(sources.find("mine.safetensors", lone_file), lone_file)
    faults = {path: (shelf.stamp(path), "Checkpoint: full of NaN.")}
    rows = {row.id: row for row, _ in sources.available(lone_file, faults)}
    assert rows["mine.safetensors"].problem == "Checkpoint: full of NaN." and not rows["mine"].problem
    with pytest.raises(LoadError, match="full of NaN"):
        sources.place(rows["mine.safetensors"], lone_file, faults)
    path.touch()
    assert not {row.id: row for row, _ in sources.available(lone_file, faults)}["mine.safetensors"].problem


@pytest.mark.parametrize("form", ["folders/sd1", "files/sdxl.safetensors"])
def test_what_is_made_for_inpainting_stays_in_the_list(inpainters: Forms, tmp_path: Path, form: str) -> None:
    settings = inpainters.settings(tmp_path)
    row, path = listed(settings)[form]
    told = described(row, path, settings)
    assert told["is_inpainting"] and told["on_disk"] and not told["problem"]
    assert sources.find(form, settings).is_inpainting


def test_a_published_checkpoint_says_whether_it_is_made_for_inpainting(inpainters: Forms, tmp_path: Path) -> None:
    row = catalog.checkpoint("sd15-inpainting")
    tiny.hub_cache(inpainters.folder("sd1"), tmp_path, row.source, revision=row.revision)
    settings = Settings(cache_dir=tmp_path, device="cpu")
    said = {id: described(row, path, settings)["is_inpainting"] for id, (row, path) in listed(settings).items()}
    assert said["sd15-inpainting"] and said["sdxl-inpainting"] and not said["sd15"] and not said["storybook"]
    assert sources.located(row, settings).name == row.revision


@pytest.mark.parametrize("form", ["folders/sd3", "files/sd3.safetensors"])
def test_weights_are_counted_without_what_is_left_out(every_form: Settings, form: str) -> None:
    row = sources.find(form, every_form)
    place = sources.place(row, every_form)
    counted = sources.weight_count(place, row, is_half=False)
    assert 0 < counted < sum(path.stat().st_size for path in place.configs.glob("*/*.safetensors")) / 4
