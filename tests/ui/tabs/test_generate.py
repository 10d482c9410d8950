"""The Generate tab's examples: what they promise is what made them."""

from pathlib import Path

import pytest
from PIL import Image

from studio.results import from_metadata
from studio.ui.tabs import generate


@pytest.mark.parametrize(("prompt", "path"), generate.EXAMPLES.items())
def test_an_example_was_painted_from_its_prompt(prompt: str, path: Path) -> None:
    with Image.open(path) as picture:
        assert from_metadata(picture).prompt == prompt
