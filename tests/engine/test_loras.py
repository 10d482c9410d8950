"""What is told of LoRAs, and grids that name one that is not here."""

from dataclasses import replace

import pytest

from studio import catalog
from studio.axes import Axis
from studio.config import Settings
from studio.engine.local import LocalEngine
from studio.engine.loras import described
from studio.errors import InvalidField
from studio.grids import Grid
from studio.requests import Lora, TextToImage


def test_a_lora_is_told_with_whether_it_fits(settings: Settings) -> None:
    def ink(checkpoint: str) -> dict[str, object]:
        return next(row for row in described(catalog.checkpoint(checkpoint), settings) if row["name"] == "ink")

    assert ink("storybook")["fits"] and ink("storybook")["family_label"] == "Storybook"
    assert not ink("sdxl")["fits"] and ink("sdxl")["problem"].startswith("LoRA: ink is for Storybook, but ")


@pytest.mark.parametrize("words", ["a <lora:inky>", "a"])
def test_a_grid_whose_cell_names_none_that_is_here_never_waits(
    engine: LocalEngine, request_one: TextToImage, words: str
) -> None:
    base = replace(request_one, prompt=words, loras=[] if "<" in words else [Lora(name="inky")])
    with pytest.raises(InvalidField, match="^LoRAs: there is no 'inky' here. The nearest are ink") as caught:
        engine.submit(Grid(base=base, x=Axis(field="seed", values=(1, 2))), "ann")
    assert caught.value.field == "loras" and engine.jobs("ann") == []
