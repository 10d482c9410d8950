"""Prints one plain table and fails if a ratio is over its limit; seconds are shown and never judged."""

import os
import sys
import tempfile
from pathlib import Path

os.environ.update(HF_HUB_OFFLINE="1", HF_HUB_DISABLE_PROGRESS_BARS="1")

from diffusers.utils import logging as diffusers_logging
from transformers.utils import logging as transformers_logging

from tests import tiny
from tests.benchmarks import controls, edits, gallery, start, swaps, work


def main() -> int:
    """0 if every ratio holds."""
    diffusers_logging.disable_progress_bar()
    transformers_logging.disable_progress_bar()
    with tempfile.TemporaryDirectory() as folder:
        models, outputs = Path(folder, "models"), Path(folder, "outputs")
        for seed, name in enumerate(("one", "two")):
            tiny.write(models / name, seed)
        rows = [
            *work.measured(models, outputs),
            *edits.measured(outputs),
            *controls.measured(outputs),
            *swaps.measured(Path(folder, "families")),
            *gallery.measured(Path(folder, "galleries")),
            *start.measured(models, outputs),
        ]
    width = max(len(row.name) for row in rows)
    for row in rows:
        print(row.line(width))
    return 0 if all(row.is_held for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
