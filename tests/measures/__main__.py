"""Measure the edits named, or all, on scenes never trained on; the figures go to `assets/storybook/figures.json`."""

import json
import sys

from studio.storybook.bundled import FIGURES
from tests.measures import edits

MEASURES = {"replace": edits.replaced, "remove": edits.removed}


def main() -> None:
    figures = json.loads(FIGURES.read_text())
    for name in sys.argv[1:] or MEASURES:
        figures[name] = MEASURES[name]()
        FIGURES.write_text(json.dumps(figures, indent=1) + "\n")
        print(name, figures[name])


if __name__ == "__main__":
    main()
