"""What page and API tell of embeddings."""

from studio import catalog, prompts
from studio.catalog import Checkpoint
from studio.config import Settings
from studio.pipelines import embeddings


def described(row: Checkpoint, settings: Settings) -> list[dict[str, object]]:
    """Every embedding that is here; `problem` is why the checkpoint cannot use it, "" if it can."""
    words = embeddings.vocabulary(row, settings)
    rows = [(file, embeddings.unfit(file, words)) for file in embeddings.available(settings)]
    return [
        {
            "name": file.name,
            "word": prompts.literal(file.name),
            "family": file.family,
            "family_label": catalog.family(file.family).label if file.family else "",
            "vectors": file.vectors,
            "size_bytes": file.size_bytes,
            "is_bundled": file.is_bundled,
            "fits": not problem,
            "problem": problem,
        }
        for file, problem in rows
    ]
