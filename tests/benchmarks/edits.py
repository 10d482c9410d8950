"""What an edit costs beside a picture to a picture, and a mask beside the net that finds it."""

from contextlib import suppress
from pathlib import Path

from studio import images
from studio.config import Settings
from studio.images import Picture
from studio.pipelines.manager import PipelineManager
from studio.requests import FindMask, ImageToImage, Inpaint, resolved
from studio.results import NothingFound
from studio.storybook.render import picture
from studio.storybook.world import random_scene
from studio.tasks import run
from studio.tasks.mask import Nets, find_mask
from tests.benchmarks.rows import Row, fastest

ROUNDS = 7
# Seconds that a mask may take on two cores, once the net is loaded: from words, and again at another threshold.
FOUND, AGAIN = 0.15, 0.03
# What an edit may cost beside image to image of the same steps.
RATIO = 1.1


def measured(outputs: Path) -> list[Row]:
    """On the bundled family."""
    settings = Settings(outputs=outputs, device="cpu")
    scene = images.picture(picture(random_scene(7), 128))
    return [*_masks(settings, scene), *_edit(settings, scene)]


def _masks(settings: Settings, scene: Picture) -> list[Row]:
    nets, turn = Nets(settings), iter(range(10_000))

    def ask(words: str, threshold: float) -> None:
        request = FindMask(image=scene, words=words, mask_model="storybook-words", threshold=threshold)
        with suppress(NothingFound):  # which takes as long
            find_mask(request, nets, lambda event: None)

    ask("sky", 0.5)
    # Words not asked before: what was said of others is remembered.
    found, again = fastest(lambda: ask(f"sky {next(turn)}", 0.02), lambda: ask("sky", 0.3), rounds=ROUNDS)
    return [
        Row(name="a mask from words", figure=found),
        Row(name="the same at another threshold", figure=again),
        Row(name="a mask from words / 150 ms", figure=found / FOUND, unit="", limit=1),
        Row(name="another threshold / 30 ms", figure=again / AGAIN, unit="", limit=1),
    ]


def _edit(settings: Settings, scene: Picture) -> list[Row]:
    manager = PipelineManager(settings)
    nets = Nets(settings)
    mask = find_mask(FindMask(image=scene, words="sky", mask_model="storybook-words"), nets, lambda event: None).mask
    row = manager.row("storybook")
    how = {"image": scene, "strength": 0.8, "prompt": "a red house", "seed": 7}
    plain = resolved(ImageToImage(**how), row)
    edited = resolved(Inpaint(**how, mask_image=mask), row)
    actions = [lambda asked=asked: run(asked, manager, lambda event: None) for asked in (plain, edited)]
    seconds = fastest(*actions, rounds=ROUNDS)
    return [
        Row(name="image to image, 16 steps", figure=seconds[0]),
        Row(name="an edit, 16 steps", figure=seconds[1]),
        Row(name="edit / image to image", figure=seconds[1] / seconds[0], unit="", limit=RATIO),
    ]
