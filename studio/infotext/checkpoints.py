"""Which of our checkpoints a program means by the name or the hash it gives."""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath

from studio import catalog


def checkpoint_id(name: str, digest: str = "", checkpoints: Mapping[str, str] | None = None) -> str | None:
    """The id of the checkpoint of that name or hash; None if there is none.

    `checkpoints` tells ids by names: label, file name, first ten digits of the hash. Without it the catalogue is asked.
    """
    known = {_stem(known): id for known, id in (_catalogued() if checkpoints is None else checkpoints).items()}
    return known.get(_stem(name)) or known.get(digest.lower())


def _catalogued() -> Mapping[str, str]:
    return {name: row.id for row in catalog.CHECKPOINTS for name in (row.source, row.label, row.id)}


def _stem(name: str) -> str:
    """A name as programs spell it alike: no folder, no ending, no case, no blanks and dashes."""
    file = PurePosixPath(name.replace("\\", "/")).name.lower()
    return re.sub(r"[\s_\-]", "", re.sub(r"\.(safetensors|ckpt|pt)$", "", file))
