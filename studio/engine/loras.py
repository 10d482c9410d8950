"""What page and API tell of LoRAs, and what is wrong with those of a grid before it is queued."""

import functools

from studio import catalog, grids
from studio.catalog import Checkpoint
from studio.config import Settings
from studio.grids import FindCheckpoint, Grid
from studio.pipelines import embeddings, loras


def described(row: Checkpoint, settings: Settings) -> list[dict[str, object]]:
    """Every LoRA that is here; `problem` is why the checkpoint cannot use it, "" if it can."""
    return [
        {
            "name": file.name,
            "family": file.family,
            "family_label": catalog.family(file.family).label if file.family else "",
            "rank": file.rank,
            "alpha": file.alpha,
            "words": list(file.words),
            "size_bytes": file.size_bytes,
            "is_bundled": file.is_bundled,
            "fits": not loras.unfit(file, row),
            "problem": loras.unfit(file, row),
        }
        for file in loras.available(settings)
    ]


def check_cells(grid: Grid, find: FindCheckpoint, settings: Settings) -> None:
    """InvalidField if a cell of a resolved grid names a LoRA or an embedding that its checkpoint cannot use."""
    find = functools.cache(find)
    for cell in grids.cells(grid, find):
        row = find(cell.request.checkpoint)
        embeddings.check(loras.resolved(cell.request, row, settings), row, settings)
