"""Saves pictures in a process that is killed, again and again: `python -m tests.outputs.killing FOLDER KILLS`."""

import os
import random
import signal
import sys
import time
from pathlib import Path

from studio import outputs
from tests.outputs import examples


def save_for_ever(folder: Path, kill: int) -> None:
    """Save pictures as fast as the disk allows, from two owners in turn."""
    index = outputs.opened(folder)
    for number in range(10**6):
        owner = ("local", "visitor")[number % 2]
        outputs.saved(examples.result(pictures=2), index, owner=owner, job=f"{kill:04}{number:04}")


def main(folder: Path, kills: int) -> None:
    """Kill a saving process at random moments of its first tenth of a second."""
    chance = random.Random(0)
    for kill in range(kills):
        child = os.fork()
        if not child:
            save_for_ever(folder, kill)
        time.sleep(chance.uniform(0.005, 0.1))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
