"""What it takes to change the checkpoint: from a folder, from a single file, and when it is in memory already."""

from collections.abc import Callable
from pathlib import Path

from studio.config import Settings
from studio.pipelines.manager import PipelineManager
from studio.requests import TextToImage, resolved
from tests import tiny
from tests.benchmarks.rows import Row, fastest

FAMILIES = ("storybook", "sd1", "sdxl", "sd3")
# A warm switch may take half of a cold one; of real checkpoints, which are a thousand times as large, far less.
RATIO = 0.5


def measured(models: Path) -> list[Row]:
    """Rows of each family; `models` is an empty folder."""
    manager = PipelineManager(Settings(models=models, device="cpu"))
    return [row for name in FAMILIES for row in _rows(name, manager, models)]


def _rows(name: str, manager: PipelineManager, models: Path) -> list[Row]:
    tiny.WRITERS[name](models / name, 0)
    tiny.single_file(models / name, models / "files" / f"{name}.safetensors")
    tiny.texts_of(models / name, models / "files" / name)
    lend, lend_file = _lend(manager, name), _lend(manager, f"files/{name}.safetensors")
    folder, file = fastest(_cold(manager, lend), _cold(manager, lend_file), rounds=7)
    lend()
    (warm,) = fastest(lend, rounds=15)
    label = manager.family(name).label
    return [
        Row(name=f"{label} from a folder", figure=folder),
        Row(name=f"{label} from a file", figure=file),
        Row(name=f"{label} in memory", figure=warm),
        Row(name=f"{label} in memory / from a folder", figure=warm / folder, unit="", limit=RATIO),
    ]


def _lend(manager: PipelineManager, id: str) -> Callable[[], None]:
    request = resolved(TextToImage(checkpoint=id, seed=7), manager.row(id))

    def lend() -> None:
        with manager.pipeline(request):
            return

    return lend


def _cold(manager: PipelineManager, lend: Callable[[], None]) -> Callable[[], None]:
    def lend_cold() -> None:
        manager.close()
        lend()

    return lend_cold
