"""What page and API tell of a checkpoint."""

from pathlib import Path

from studio import catalog
from studio.catalog import Checkpoint
from studio.config import Settings
from studio.pipelines import sources

ASSETS = sources.PROJECT / "assets"


def described(row: Checkpoint, folder: Path | None, settings: Settings) -> dict[str, object]:
    """What page and API tell of a checkpoint; a file that is none has a problem, and no family."""
    family = catalog.family(row.family) if row.family else None
    is_foreign = bool(row.is_pickle or row.needs or folder is None)
    return {
        "id": row.id,
        "label": row.label,
        "family": row.family,
        "family_label": family.label if family else "",
        "licence": row.licence,
        "licence_url": row.licence_url,
        "is_gated": row.is_gated,
        "is_inpainting": row.is_inpainting,
        "capabilities": sorted(family.capabilities) if family else [],
        "defaults": dict(catalog.defaults(row)) if family else {},
        "left_out": family.left_out_note if family else "",
        "size_bytes": row.size_bytes,
        "on_disk": folder is not None,
        "is_bundled": folder is not None and folder.is_relative_to(ASSETS),
        "is_pickle": row.is_pickle,
        "needs": row.needs,
        "problem": row.problem,
        "can_fetch": is_foreign and not settings.is_public and not settings.offline,
    }
