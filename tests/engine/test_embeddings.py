"""What is told of embeddings, and what the engine makes of prompts that name them."""

from dataclasses import replace

import pytest

from studio import catalog
from studio.axes import Axis
from studio.config import Settings
from studio.engine.embeddings import described
from studio.engine.local import LocalEngine
from studio.errors import InvalidField
from studio.grids import Grid
from studio.pipelines import sources
from studio.requests import TextToImage


def test_an_embedding_is_told_with_whether_it_fits(settings: Settings) -> None:
    def inkish(checkpoint: str) -> dict[str, object]:
        rows = described(sources.find(checkpoint, settings), settings)
        return next(row for row in rows if row["name"] == "inkish")

    assert inkish("one")["fits"] and inkish("one")["vectors"] == 2
    assert not inkish("sdxl")["fits"] and "768 + 1280 wide (SDXL)" in inkish("sdxl")["problem"]
    assert catalog.family("sd3").label in inkish("sd35-medium")["problem"]


def test_its_vectors_are_counted_with_the_words(engine: LocalEngine) -> None:
    plain, named = (engine.tokens(prompt, "one") for prompt in ("a red house", "a red house, inkish"))
    assert named["tokens"] == plain["tokens"] + 1 + 2
    assert engine.tokens("inkish", "storybook")["tokens"] > 2  # read as plain words where it does not fit


@pytest.mark.parametrize("words", ["an inkish house", "a red house"])
def test_a_grid_with_a_cell_that_cannot_use_it_never_waits(
    engine: LocalEngine, request_one: TextToImage, words: str
) -> None:
    base = replace(request_one, prompt=words, negative_prompt="" if "inkish" in words else "inkish")
    with pytest.raises(InvalidField, match="the embedding inkish is 32 wide, but words of Storybook are 128 wide"):
        engine.submit(Grid(base=base, x=Axis(field="checkpoint", values=("one", "storybook"))), "ann")
    assert engine.jobs("ann") == []
