"""`python -m studio.storybook`: train, export, evaluate and sample the bundled model family."""

import argparse
import json
import logging
import os
import time
from functools import partial
from pathlib import Path

import torch

from studio.storybook import (
    clip,
    clipseg,
    depth,
    embedding,
    evaluate,
    export,
    foreground,
    ip_adapter,
    judge,
    lora,
    pose,
    segmentation,
    steering,
    unet,
    vae,
)
from studio.storybook.captions import article
from studio.storybook.unet import Round
from studio.storybook.words import COLOURS, OBJECTS, PLACES, TIMES
from studio.storybook.world import Mix

# The UNet's rounds, in this order; the later ones since two things in one picture, each in its own colour, are learnt
# last.
ROUNDS = {
    "unet-64": Round(height=64, seed=100_000, count=60_000, mix=Mix(two_things=0.12, looks=0.15)),
    "unet-128": Round(height=128, seed=200_000, count=24_000, mix=Mix(two_things=0.2, looks=0.3)),
    "unet-128-pairs": Round(height=128, seed=500_000, count=24_000, mix=Mix(two_things=0.45, looks=0.3)),
}
# The recipe: autoencoder, CLIP and judge; then the UNet, small and mostly plain first, full size and every look last.
TRAINERS = {
    "vae": vae.train,
    "vae-decoder": partial(vae.train, seed=20_000, decoder_only=True),
    "clip": clip.train,
    "judge": judge.train,
    "clipseg": clipseg.train,
    "foreground": foreground.train,
    "depth": depth.train,
    "pose": pose.train,
    "segmentation-96": partial(segmentation.train, sees=96),
    "segmentation": segmentation.train,
    **{name: partial(unet.train, round=round) for name, round in ROUNDS.items()},
}
# Those that stand on the frozen base.
STEERING = {f"controlnet-{kind}": {"kind": kind} for kind in steering.KINDS} | {
    "t2i-adapter-canny": {"kind": "canny", "is_adapter": True}
}
TRAINERS |= {name: partial(steering.train, **how) for name, how in STEERING.items()}
TRAINERS |= {
    f"{ip_adapter.NAME}-64": partial(ip_adapter.train, height=64),
    ip_adapter.NAME: ip_adapter.train,
    lora.NAME: lora.train,
    embedding.NAME: embedding.train,
}
EXPORTERS = {
    "base": export.export,
    "clipseg": clipseg.export,
    "foreground": foreground.export,
    "depth": depth.export,
    "pose": pose.export,
    "segmentation": segmentation.export,
    ip_adapter.NAME: ip_adapter.export,
    lora.NAME: lora.export,
    embedding.NAME: embedding.export,
} | {name: partial(steering.export, **how) for name, how in STEERING.items()}
SAMPLE_PROMPTS = [
    f"{article(colour)} {colour} {kind} {PLACES[index % 4]}, {TIMES[index % 3]}"
    for index, (colour, kind) in enumerate(zip(list(COLOURS) * 2, [*OBJECTS, *OBJECTS[3:], *OBJECTS[:3]], strict=True))
] + [
    "a blue cat and a yellow ball on the grass, night",
    "a red mushroom in the snow, pencil sketch",
    "a purple rocket on the sand, neon",
    "a green tree on the grass, mountains, watercolor",
]


def main() -> None:
    arguments = _parser().parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    if "RANK" in os.environ:
        torch.distributed.init_process_group("gloo")
        torch.manual_seed(torch.distributed.get_rank() + time.time_ns() % 2**32)
    if arguments.command == "train":
        TRAINERS[arguments.part](arguments.minutes, torch.device(arguments.device))
    elif arguments.command == "export":
        EXPORTERS[arguments.part]()
    elif arguments.command == "evaluate":
        print(json.dumps(evaluate.evaluate(arguments.parts), indent=1))
    elif arguments.command == "latent-rgb":
        matrix, offset = export.latent_rgb(torch.device("cpu"))
        for row in (*matrix.tolist(), offset.tolist()):
            print(tuple(round(factor, 4) for factor in row))
    else:
        sample(arguments.file, arguments.prompts or SAMPLE_PROMPTS)


def sample(file: Path, prompts: list[str]) -> None:
    """Write a grid of one picture a prompt, from the family in training."""
    painted = export.paint(export.pipeline(torch.device("cpu")), prompts)
    file.parent.mkdir(parents=True, exist_ok=True)
    export.sheet(painted).save(file)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m studio.storybook", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    train = commands.add_parser("train", help="train a part, resuming where it stopped")
    train.add_argument("part", choices=TRAINERS)
    train.add_argument("--minutes", type=float, default=30)
    train.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    write = commands.add_parser("export", help="write a trained part to assets/storybook")
    write.add_argument(
        "part", nargs="?", choices=EXPORTERS, default="base", help="the base with CLIP and judge, or one beside it"
    )
    measure = commands.add_parser("evaluate", help="measure the exported family, all parts or the named ones")
    measure.add_argument("parts", nargs="*", metavar="PART", help=", ".join(evaluate.MEASURES))
    show = commands.add_parser("sample", help="write a grid of pictures")
    show.add_argument("prompts", nargs="*")
    show.add_argument("--file", type=Path, default=Path("build/storybook/samples.png"))
    commands.add_parser("latent-rgb", help="print the matrix that previews latents")
    return parser


if __name__ == "__main__":
    main()
