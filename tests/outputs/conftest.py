"""An output folder with its index open."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from studio import outputs
from studio.outputs import Index


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    opened = outputs.opened(tmp_path / "outputs")
    yield opened
    opened.close()
