"""Every mask model says what it is, and each family begins with the one that fits it."""

import re
import sys
from pathlib import Path
from subprocess import run

import pytest

from studio import catalog
from studio.errors import NotFound
from studio.vision import registry
from studio.vision.registry import MASK_MODELS, MaskModel

PROJECT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("row", MASK_MODELS, ids=lambda row: row.id)
def test_a_row_is_complete(row: MaskModel) -> None:
    assert row.finds in registry.USUAL
    assert row.label and row.info.endswith(".")
    assert row.size_bytes > 1_000_000
    assert row.licence in {"Apache-2.0", "MIT", "see its page"} and row.licence_url.startswith("https://")
    assert row.family in {"", *(family.name for family in catalog.FAMILIES)}


@pytest.mark.parametrize("row", MASK_MODELS, ids=lambda row: row.id)
def test_a_source_is_of_this_project_or_a_file_of_a_known_digest_or_a_hub_s(row: MaskModel) -> None:
    if row.family:
        assert row.source.startswith("assets/") and not row.md5
    else:
        assert bool(re.fullmatch(r"[0-9a-f]{32}", row.md5)) == row.source.startswith("https://")


def test_ids_and_labels_tell_rows_apart() -> None:
    for name in ("id", "label", "source"):
        values = [getattr(row, name) for row in MASK_MODELS]
        assert len({*values}) == len(values)


def test_none_that_costs_money_or_forbids_to_earn_it_is_offered() -> None:
    assert not {"bria-rmbg", "withoutbg", "atlascloud"} & {row.id for row in MASK_MODELS}


def test_models_are_told_apart_by_what_they_find() -> None:
    words, foregrounds = registry.models("words"), registry.models("foreground")
    assert set(words) | set(foregrounds) == {*MASK_MODELS}
    assert [row.id for row in words] == ["storybook-words", "clipseg"]


def test_a_model_is_found_by_its_id() -> None:
    assert registry.model("u2netp").size_bytes == 4_574_861


def test_an_unknown_model_names_the_nearest() -> None:
    with pytest.raises(NotFound) as caught:
        registry.model("isnet-general")
    message = "Mask model: there is no 'isnet-general'. Choose one of the list, such as isnet-general-use"
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("finds", "family", "id"),
    [
        ("words", "storybook", "storybook-words"),
        ("foreground", "storybook", "storybook-foreground"),
        ("words", "sd15", "clipseg"),
        ("foreground", "sd15", "isnet-general-use"),
        ("words", "", "clipseg"),
        ("foreground", "", "isnet-general-use"),
    ],
)
def test_a_family_begins_with_the_model_made_for_it(finds: str, family: str, id: str) -> None:
    assert registry.default(finds, family).id == id


def test_reading_the_table_imports_nothing_heavy() -> None:
    code = (
        "import sys, studio.vision.registry, studio.vision.foreground; "
        "sys.exit(any(name in sys.modules for name in ('rembg', 'torch', 'transformers', 'scipy', 'numba')))"
    )
    assert run([sys.executable, "-c", code], cwd=PROJECT, timeout=60, check=False).returncode == 0
