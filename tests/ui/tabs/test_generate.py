"""The Generate tab: its examples are what made them, and every checkpoint paints in it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from studio import catalog, outputs
from studio.ui.tabs import generate
from tests import tiny
from tests.forms import ROWS, Forms
from tests.ui.clicks import Run
from tests.ui.conftest import serve


@pytest.mark.parametrize(("prompt", "path"), generate.EXAMPLES.items())
def test_an_example_was_painted_from_its_prompt(prompt: str, path: Path) -> None:
    assert outputs.found(path).values["prompt"] == prompt


# Storybook lies in no hub.
PAINTABLE = [
    *(f"folders/{family}" for family in tiny.WRITERS),
    *(f"files/{family}.safetensors" for family in tiny.WRITERS),
    *ROWS.values(),
]


@pytest.fixture(scope="module")
def run(forms: Forms, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """The Run button of a studio that has every family in every form."""
    for served in serve(replace(forms.settings(tmp_path_factory.mktemp("outputs")), checkpoint="folders/storybook")):
        yield Run(served)


@pytest.mark.parametrize("checkpoint", PAINTABLE)
def test_every_family_paints_from_every_source(run: Run, checkpoint: str) -> None:
    family = catalog.family(next(row for row in run.checkpoints() if row["id"] == checkpoint)["family"])
    size = family.minimum_size
    values = {"width": size, "height": size, "num_inference_steps": 1, "scheduler": family.defaults["scheduler"]}
    told = run.clicked(checkpoint=checkpoint, **values)
    assert "Done in" in told and f'"checkpoint": "{checkpoint}"' in told.replace('\\"', '"')
