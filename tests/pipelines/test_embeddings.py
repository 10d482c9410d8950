"""The list of embeddings: what lies in the folders, what each is told to be, and which ones a prompt names."""

import time
from pathlib import Path

import pytest
import torch

from studio import catalog
from studio.config import Settings
from studio.errors import InvalidField
from studio.pipelines import embeddings, shelf, sources
from studio.pipelines.embeddings import EmbeddingFile
from studio.requests import TextToImage
from tests import embedding_files, lora_files, tiny
from tests.embedding_files import a1111

STORYBOOK = catalog.checkpoint("storybook")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "models" / "embeddings"


@pytest.fixture
def settings(folder: Path) -> Settings:
    folder.mkdir(parents=True)
    return Settings(models=folder.parent)


def own(settings: Settings) -> list[EmbeddingFile]:
    return [row for row in embeddings.available(settings) if not row.is_bundled]


def write(folder: Path, name: str, *, width: int = 128, count: int = 2) -> Path:
    return a1111(folder / f"{name}.safetensors", width=width, count=count)


def used(settings: Settings, prompt: str, **how: object) -> list[str]:
    return [file.name for file in embeddings.used(TextToImage(prompt=prompt, **how), STORYBOOK, settings)]


def refused(settings: Settings, prompt: str, checkpoint: str = "storybook", **how: object) -> InvalidField:
    with pytest.raises(InvalidField) as caught:
        embeddings.check(TextToImage(prompt=prompt, **how), catalog.checkpoint(checkpoint), settings)
    return caught.value


def test_files_at_any_depth_are_named_by_themselves(folder: Path, settings: Settings) -> None:
    for name in ("inkish", "old/Wet Look", ".hidden/no"):
        write(folder, name)
    (folder / "readme.txt").write_text("words")
    assert [row.name for row in own(settings)] == ["inkish", "Wet Look"]


def test_without_a_folder_there_are_none_of_one_s_own(tmp_path: Path) -> None:
    assert own(Settings()) == own(Settings(models=tmp_path)) == []


def test_a_file_that_changes_is_told_anew(folder: Path, settings: Settings) -> None:
    write(folder, "inkish", width=768)
    assert [row.family for row in own(settings)] == ["sd1"]
    write(folder, "inkish", width=1024)
    assert [row.family for row in own(settings)] == ["sd2"]


@pytest.mark.parametrize(
    ("prompt", "names"),
    [
        ("a house, inkish", ["inkish"]),
        ("INKISH house", ["inkish"]),
        ("a (inkish:1.2) house", ["inkish"]),
        ("a wet  look house", ["Wet Look"]),
        ("wet-look v2, inkish.", ["Wet-Look v2", "inkish"]),
        ("odd \\(name\\) house", ["odd (name)"]),
        ("inkishly, reinkish, inkish-like, inkish_2", []),
        ("", []),
    ],
)
def test_a_prompt_names_them_by_whole_words(folder: Path, settings: Settings, prompt: str, names: list) -> None:
    for name in ("inkish", "Wet Look", "Wet-Look v2", "odd (name)"):
        write(folder, name)
    assert sorted(used(settings, prompt)) == sorted(names)


def test_the_longest_name_counts(folder: Path, settings: Settings) -> None:
    for name in ("wet", "wet look", "look"):
        write(folder, name)
    assert used(settings, "a wet look") == ["wet look"]


def test_the_negative_prompt_names_them_too_where_it_is_heard(folder: Path, settings: Settings) -> None:
    write(folder, "inkish")
    assert used(settings, "a", negative_prompt="inkish") == ["inkish"]
    assert used(settings, "a", negative_prompt="inkish", guidance_scale=1.0) == []


def test_the_tag_of_a_lora_names_none(folder: Path, settings: Settings) -> None:
    write(folder, "inkish", width=768)
    embeddings.check(TextToImage(prompt="a <lora:inkish:1>"), STORYBOOK, settings)


def test_one_of_another_family_is_refused_with_both_widths(folder: Path, settings: Settings) -> None:
    write(folder, "inkish", width=768)
    error = refused(settings, "an inkish house")
    assert error.field == "prompt"
    assert str(error) == (
        "Prompt: the embedding inkish is 768 wide and for Stable Diffusion 1.x, but words of Storybook are 128 wide "
        "(Storybook). Choose a checkpoint of Stable Diffusion 1.x, or leave it out."
    )


def test_one_of_no_family_is_refused_by_its_width(folder: Path, settings: Settings) -> None:
    write(folder, "inkish", width=500)
    error = refused(settings, "a", negative_prompt="inkish")
    assert error.field == "negative_prompt"
    assert str(error).startswith("Negative prompt: the embedding inkish is 500 wide, but words of Storybook are 128")


def test_those_of_every_line_are_looked_for(folder: Path, settings: Settings) -> None:
    write(folder, "inkish", width=768)
    assert "inkish" in str(refused(settings, "a\nan inkish house", prompt_per_line=True))


def test_where_the_checkpoint_is_not_here_its_family_s_widths_count(folder: Path, settings: Settings) -> None:
    write(folder, "inkish", width=768)
    embeddings.check(TextToImage(prompt="inkish"), catalog.checkpoint("sd15"), settings)
    said = str(refused(settings, "inkish", "sdxl"))
    assert "768 wide and for Stable Diffusion 1.x, but words of " in said and "768 + 1280 wide (SDXL)" in said


def test_stable_diffusion_3_takes_none(folder: Path, settings: Settings) -> None:
    embedding_files.sdxl(folder / "inkish.safetensors", widths=(768, 1280))
    said = str(refused(settings, "inkish", "sd35-medium"))
    assert said.startswith("Prompt: the embedding inkish cannot be used with ")
    assert "Stable Diffusion 3 takes none here. Choose another checkpoint, or leave it out." in said


def test_a_checkpoint_s_own_widths_count(folder: Path, settings: Settings) -> None:
    tiny.sdxl(settings.models / "grand", 0)
    embedding_files.sdxl(folder / "inkish.safetensors")
    embedding_files.a1111(folder / "narrow.safetensors")
    words = embeddings.vocabulary(sources.find("grand", settings), settings)
    fits = {file.name: not embeddings.unfit(file, words) for file in own(settings)}
    assert fits == {"inkish": True, "narrow": False}


def test_a_word_that_the_checkpoint_knows_keeps_its_meaning(folder: Path, settings: Settings) -> None:
    write(folder, "red")
    (file,) = own(settings)
    assert embeddings.unfit(file, embeddings.vocabulary(STORYBOOK, settings)) == (
        "Embedding: 'red' is a word that the checkpoint knows, and means that. Give red.safetensors another name."
    )
    assert used(settings, "a red house") == []
    assert "red" not in embeddings.counts(STORYBOOK, settings)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("cut", "inkish.safetensors is incomplete: "),
        ("html", "inkish.safetensors is a web page, not weights"),
        ("lfs", "inkish.safetensors is a Git LFS pointer"),
    ],
)
def test_a_damaged_file_is_listed_with_what_is_wrong(folder: Path, settings: Settings, damage: str, said: str) -> None:
    lora_files.spoiled(write(folder, "inkish"), damage)
    assert own(settings)[0].problem.startswith(f"Embedding: {said}")
    assert str(refused(settings, "inkish")).startswith(f"Prompt: the embedding {said}")


@pytest.mark.parametrize("ending", [".pt", ".ckpt", ".bin", ".safetensors"])
def test_a_pickle_is_listed_with_the_way_out_and_never_opened(folder: Path, settings: Settings, ending: str) -> None:
    torch.save({"a": torch.zeros(1)}, folder / f"oldish{ending}")
    (row,) = own(settings)
    assert row.problem.startswith(f"Embedding: oldish{ending} is a pickle")
    assert "python -m studio.convert FILE" in row.problem


def test_two_of_one_name_are_doubtful_whatever_their_case(folder: Path, settings: Settings) -> None:
    write(folder, "a/inkish")
    write(folder, "b/Inkish")
    said = "is the name of 2 files: a/inkish.safetensors, b/Inkish.safetensors. Rename all but one."
    assert f"Embedding: Inkish {said}" in [row.problem for row in own(settings)]
    assert said in str(refused(settings, "inkish"))


@pytest.mark.parametrize("name", ["a<b>", "__inkish__", "__a__ b", " "])
def test_a_name_that_no_prompt_can_hold_is_to_be_changed(folder: Path, settings: Settings, name: str) -> None:
    write(folder, name)
    assert own(settings)[0].problem.endswith(".safetensors has a name that no prompt can hold. Rename it.")
    assert used(settings, "a house") == []


def test_none_of_them_is_taken_for_a_checkpoint(folder: Path, settings: Settings) -> None:
    write(folder, "inkish")
    lora_files.spoiled(write(folder, "broken"), "html")
    assert shelf.rows(settings.models) == []


def test_places_are_counted_by_name(folder: Path, settings: Settings) -> None:
    write(folder, "inkish", count=3)
    write(folder, "other", width=768)
    assert {name: count for name, count in embeddings.counts(STORYBOOK, settings).items() if name != "lumiboat"} == {
        "inkish": 3
    }


def test_many_of_them_are_told_in_a_tenth_of_a_second(folder: Path, settings: Settings) -> None:
    for number in range(300):
        write(folder, f"inkish-{number}", count=1)
    embeddings.counts(STORYBOOK, settings)

    def seconds() -> float:
        started = time.process_time()
        assert len(embeddings.counts(STORYBOOK, settings)) >= 300
        return time.process_time() - started

    assert min(seconds() for _ in range(5)) < 0.1
