"""The list of LoRAs: what lies in the folders, what each is told to be, and which one a name means."""

import os
from pathlib import Path

import pytest
import torch

from studio import catalog
from studio.config import Settings
from studio.errors import InvalidField
from studio.pipelines import loras, shelf
from studio.pipelines.loras import LoraFile
from studio.requests import Lora, TextToImage
from tests import lora_files

CROSS = "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k"
WIDTHS = {"storybook": 128, "sd1": 768, "sdxl": 2048}
STORYBOOK = catalog.checkpoint("storybook")


def write(folder: Path, name: str, family: str = "storybook") -> Path:
    """A file of one layer of the family's own width."""
    down, up = torch.randn(4, WIDTHS[family]), torch.randn(8, 4)
    tensors = {f"{CROSS}.lora_down.weight": down, f"{CROSS}.lora_up.weight": up}
    return lora_files.saved(tensors, folder / f"{name}.safetensors", {})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "models" / "loras"


@pytest.fixture
def settings(folder: Path) -> Settings:
    folder.mkdir(parents=True)
    return Settings(models=folder.parent)


def own(settings: Settings) -> list[LoraFile]:
    return [row for row in loras.available(settings) if not row.is_bundled]


def asked(*names: str, **how: object) -> TextToImage:
    return TextToImage(loras=[Lora(name=name) for name in names], **how)


def refused(settings: Settings, *names: str, **how: object) -> str:
    with pytest.raises(InvalidField) as caught:
        loras.resolved(asked(*names, **how), STORYBOOK, settings)
    assert caught.value.field == "loras"
    return str(caught.value)


def test_files_at_any_depth_are_named_by_their_paths(folder: Path, settings: Settings) -> None:
    for name in ("ink", "styles/wet", "styles/old/dry", ".hidden/no", "styles/.no"):
        write(folder, name)
    (folder / "readme.txt").write_text("words")
    assert [row.name for row in own(settings)] == ["ink", "styles/old/dry", "styles/wet"]


def test_without_a_folder_there_are_none_of_one_s_own(tmp_path: Path) -> None:
    assert own(Settings()) == own(Settings(models=tmp_path)) == []


def test_a_file_that_changes_is_told_anew(folder: Path, settings: Settings) -> None:
    write(folder, "ink", "sd1")
    assert [row.family for row in own(settings)] == ["sd1"]
    write(folder, "ink", "sdxl")
    assert [row.family for row in own(settings)] == ["sdxl"]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("cut", "LoRA: ink.safetensors is incomplete: "),
        ("html", "LoRA: ink.safetensors is a web page, not weights"),
        ("lfs", "LoRA: ink.safetensors is a Git LFS pointer"),
    ],
)
def test_a_damaged_file_is_listed_with_what_is_wrong(folder: Path, settings: Settings, damage: str, said: str) -> None:
    lora_files.spoiled(write(folder, "ink"), damage)
    assert own(settings)[0].problem.startswith(said)
    assert refused(settings, "ink").startswith(said)


@pytest.mark.parametrize("ending", [".pt", ".ckpt", ".bin", ".safetensors"])
def test_a_pickle_is_listed_with_the_way_out_and_never_opened(folder: Path, settings: Settings, ending: str) -> None:
    torch.save({"a": torch.zeros(1)}, folder / f"old{ending}")
    (row,) = own(settings)
    assert row.problem.startswith(f"LoRA: old{ending} is a pickle") and "python -m studio.convert FILE" in row.problem


def test_a_pickle_that_was_converted_is_left_out(folder: Path, settings: Settings) -> None:
    write(folder, "ink")
    (folder / "ink.pt").write_bytes(b"\x80\x02")
    assert [row.path.suffix for row in own(settings)] == [".safetensors"]


def test_a_name_that_no_tag_can_hold_is_to_be_changed(folder: Path, settings: Settings) -> None:
    write(folder, "a>b")
    assert own(settings)[0].problem == "LoRA: a>b has a < or > in its name. Rename its file."


def test_none_of_them_is_taken_for_a_checkpoint(folder: Path, settings: Settings) -> None:
    write(folder, "ink")
    lora_files.spoiled(write(folder, "broken"), "html")
    assert shelf.rows(settings.models) == []


def test_a_file_name_will_do_where_only_one_has_it(folder: Path, settings: Settings) -> None:
    write(folder, "styles/wet")
    assert loras.resolved(asked("wet"), STORYBOOK, settings).loras == (Lora(name="styles/wet"),)


def test_where_several_have_it_the_whole_name_is_needed(folder: Path, settings: Settings) -> None:
    write(folder, "a/wet")
    write(folder, "b/wet")
    assert refused(settings, "wet") == "LoRAs: there are 2 of the name 'wet'. Say which: a/wet, b/wet."


def test_two_names_of_one_lora_are_refused(folder: Path, settings: Settings) -> None:
    write(folder, "styles/wet")
    assert refused(settings, "wet", "styles/wet").startswith("LoRAs: styles/wet is named 2 times")


def test_an_unknown_name_is_told_the_nearest_three(folder: Path, settings: Settings) -> None:
    for name in ("ink", "inks", "think", "cobalt"):
        write(folder, name)
    (folder / "inkyy.safetensors").write_bytes(b"no weights")
    said = refused(settings, "inky")
    assert said.startswith("LoRAs: there is no 'inky' here. The nearest are ink, inks, ")
    assert said.count(",") == 2 and "inkyy" not in said


@pytest.mark.parametrize("name", ["../../x", "/etc/passwd", "C:\\x", "x%2f..", "..", "ink/../../secret", "\\\\host\\x"])
def test_a_name_is_no_path(folder: Path, settings: Settings, name: str) -> None:
    write(folder.parent.parent, "secret")
    write(folder, "ink")
    assert refused(settings, name).startswith(f"LoRAs: there is no '{name}' here. The nearest are ink")


def test_a_lora_of_another_family_is_refused_with_both_families(folder: Path, settings: Settings) -> None:
    write(folder, "ink", "sdxl")
    said = refused(settings, "ink")
    assert said.startswith("LoRA: ink is for SDXL, but Storybook is Storybook. Choose a checkpoint of SDXL, or")


def test_the_loras_of_every_line_are_looked_for(folder: Path, settings: Settings) -> None:
    write(folder, "ink")
    assert refused(settings, prompt="a <lora:ink>\nb <lora:no>", prompt_per_line=True).startswith("LoRAs: there is no")


def test_files_come_in_one_order_and_without_what_adds_nothing(folder: Path, settings: Settings) -> None:
    for name in ("a", "b", "c"):
        write(folder, name)
    request = TextToImage(loras=[Lora(name="c"), Lora(name="b", scale=0), Lora(name="a", scale=-1)])
    assert [(file.name, scale) for file, scale in loras.files(request, STORYBOOK, settings)] == [("a", -1), ("c", 1)]


def test_what_vanishes_while_it_is_looked_at_is_told_so(folder: Path, settings: Settings) -> None:
    os.symlink(folder / "gone", folder / "ink.safetensors")
    assert own(settings)[0].problem == "LoRA: ink.safetensors is missing or cannot be read. Fetch it again."
