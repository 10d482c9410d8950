"""The vectors of embedding files: read as they stand, once, and refused where they are no numbers."""

from pathlib import Path

import pytest
import torch

from studio.config import Settings
from studio.errors import LoadError
from studio.pipelines import embedding_vectors, embeddings
from studio.pipelines.embedding_vectors import Embedding
from tests import embedding_files


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "embeddings" / "inkish.safetensors"


def read(file: Path) -> Embedding:
    rows = embeddings.available(Settings(models=file.parents[1]))
    return embedding_vectors.read(next(row for row in rows if row.name == "inkish"))


def test_vectors_are_those_of_the_file_in_the_order_of_the_encoders(file: Path) -> None:
    embedding_files.sdxl(file, count=3, seed=5)
    narrow, wide = read(file).vectors
    assert torch.equal(narrow, embedding_files.vectors(3, 32, 5))
    assert torch.equal(wide, embedding_files.vectors(3, 64, 6))


def test_a_single_vector_is_a_list_of_one(file: Path) -> None:
    embedding_files.diffusers(file)
    assert read(file).vectors[0].shape == (1, 32)


def test_a_file_that_changes_is_read_anew(file: Path) -> None:
    embedding_files.a1111(file, seed=1)
    first = read(file)
    assert read(file) is first
    embedding_files.a1111(file, seed=2, count=3)
    assert read(file).vectors[0].shape == (3, 32)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_numbers_that_are_none_are_named(file: Path, number: float) -> None:
    embedding_files.a1111(file, number=number)
    with pytest.raises(LoadError, match=r"^Embedding: inkish\.safetensors holds numbers that are none \(NaN\)"):
        read(file)
