"""Nets for preprocessors, made in a moment: of the published layouts with weights of chance, or that say what is known.

What the second ones say is made up, so they try what stands around a net and never the net.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from controlnet_aux import MidasDetector, OpenposeDetector, ZoeDetector
from controlnet_aux.hed import ControlNetHED_Apache2
from controlnet_aux.lineart import Generator
from controlnet_aux.open_pose.body import Body
from controlnet_aux.open_pose.face import Face, FaceNet
from controlnet_aux.open_pose.hand import Hand
from controlnet_aux.open_pose.model import bodypose_model, handpose_model
from controlnet_aux.pidi import pidinet
from safetensors.torch import save_file
from torch import Tensor
from transformers import ConvNextConfig, SegformerImageProcessor, UperNetConfig, UperNetForSemanticSegmentation

from studio.skeletons import BONES, JOINTS, Skeleton
from studio.vision import annotators
from studio.vision.preprocessors import Preprocessor

PROJECT = Path(__file__).resolve().parents[1]
COMMIT = "0123456789abcdef0123456789abcdef01234567"
# What each file of the Annotators' repository is made of.
FILES: Mapping[str, Callable[[], torch.nn.Module]] = {
    annotators.HED: ControlNetHED_Apache2,
    annotators.PIDINET: pidinet,
    annotators.LINES: lambda: Generator(3, 1, 3),
    annotators.COARSE_LINES: lambda: Generator(3, 1, 3),
    annotators.BODY: bodypose_model,
    annotators.HAND: handpose_model,
    annotators.FACE: FaceNet,
}
# OpenPose's files do not name the stages that its nets are divided into.
STAGED = (annotators.BODY, annotators.HAND)
# Where the net of bodies keeps its field of each bone.
FIELDS = (12, 20, 14, 16, 22, 24, 0, 2, 4, 6, 8, 10, 28, 30, 34, 32, 36)
SOMEBODY = Skeleton(
    joints={
        "nose": (0.5, 0.2),
        "neck": (0.5, 0.32),
        "right_shoulder": (0.4, 0.33),
        "right_elbow": (0.32, 0.45),
        "right_wrist": (0.25, 0.55),
        "left_shoulder": (0.6, 0.33),
        "left_elbow": (0.68, 0.45),
        "left_wrist": (0.75, 0.55),
        "right_hip": (0.44, 0.6),
        "right_knee": (0.42, 0.75),
        "right_ankle": (0.4, 0.9),
        "left_hip": (0.56, 0.6),
        "left_knee": (0.58, 0.75),
        "left_ankle": (0.6, 0.9),
        "right_eye": (0.46, 0.16),
        "left_eye": (0.54, 0.16),
        "right_ear": (0.42, 0.18),
        "left_ear": (0.58, 0.18),
    }
)


def write_annotator(folder: Path, file: str, *, build: Callable[[], torch.nn.Module] | None = None) -> None:
    """A file of the Annotators' as it lies once its pickle, here an empty one, was converted; weights of chance."""
    weights = (build or FILES[file])().half().state_dict()
    weights = {name.partition(".")[2] if file in STAGED else name: weight for name, weight in weights.items()}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / file).touch()
    save_file(weights, (folder / file).with_suffix(".safetensors"))


def write_upernet(folder: Path) -> None:
    """A tiny UperNet of ADE20K's 150 classes."""
    stages = [f"stage{stage}" for stage in range(1, 5)]
    backbone = ConvNextConfig(depths=[1] * 4, hidden_sizes=[8, 8, 16, 16], out_features=stages)
    labels = {str(index): f"part {index}" for index in range(150)}
    config = UperNetConfig(
        backbone_config=backbone,
        hidden_size=16,
        pool_scales=[1, 2],
        use_auxiliary_head=False,
        id2label=labels,
        label2id={name: int(index) for index, name in labels.items()},
    )
    UperNetForSemanticSegmentation(config).save_pretrained(folder)
    SegformerImageProcessor(size={"height": 64, "width": 64}).save_pretrained(folder)


def cached(cache_dir: Path, repo: str) -> Path:
    """The folder of a repository in a hub's cache, as if it had been fetched; what it has is to be written there."""
    root = cache_dir / f"models--{repo.replace('/', '--')}"
    (root / "refs").mkdir(parents=True)
    (root / "refs" / "main").write_text(COMMIT)
    folder = root / "snapshots" / COMMIT
    folder.mkdir(parents=True)
    return folder


def net(row: Preprocessor, folder: Path) -> tuple[object, ...]:
    """A row's net, in a tuple that is empty for one that asks none; what has to be written for it goes into `folder`.

    Of this project's it is the real one, whose layout Depth Anything has too. MiDaS, ZoeDepth and OpenPose are too
    large to be made in a moment, so there something else says what is known.
    """
    if row.read is None:
        return ()
    if row.id in SAYING:
        return (SAYING[row.id](),)
    for file in row.files:
        write_annotator(folder, file)
    if row.id == "upernet":
        write_upernet(folder)
    bundled = "assets/storybook/depth" if row.id == "depth-anything" else row.source
    return (row.read(PROJECT / bundled if bundled.startswith("assets/") else folder),)


class _Saying(torch.nn.Module):
    """Has a parameter, since detectors ask where one lies."""

    def __init__(self) -> None:
        super().__init__()
        self.nothing = torch.nn.Parameter(torch.zeros(1))


class Brightness(_Saying):
    """Takes what is bright for near, or as ZoeDepth for far."""

    def forward(self, pixels: Tensor) -> Tensor:
        return pixels.mean(dim=1)

    def infer(self, pixels: Tensor) -> Tensor:
        return pixels.mean(dim=1, keepdim=True)


class Somebody(_Saying):
    """As the net of bodies sees SOMEBODY, wherever it looks: the fields of bones, and a spot for each joint."""

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        height, width = pixels.shape[2] // 8, pixels.shape[3] // 8
        fields, spots = torch.zeros(1, 38, height, width), torch.zeros(1, 19, height, width)
        for (one, other), at in zip(BONES, FIELDS, strict=True):
            along = torch.tensor(SOMEBODY.joints[other]) - torch.tensor(SOMEBODY.joints[one])
            fields[0, at : at + 2] = (along / along.norm())[:, None, None]
        for index, name in enumerate(JOINTS):
            spots[0, index] = _spot(SOMEBODY.joints[name], height, width)
        return fields, spots


class Middle(_Saying):
    """Sees all points of a hand, or of a face, in the middle."""

    def __init__(self, points: int, *, is_staged: bool) -> None:
        super().__init__()
        self.points, self.is_staged = points, is_staged

    def forward(self, pixels: Tensor) -> Tensor | list[Tensor]:
        height, width = pixels.shape[2] // 8, pixels.shape[3] // 8
        spots = _spot((0.5, 0.5), height, width).expand(1, self.points, -1, -1)
        return [spots] if self.is_staged else spots


def _spot(place: tuple[float, float], height: int, width: int) -> Tensor:
    down, across = torch.arange(height) + 0.5 - place[1] * height, torch.arange(width) + 0.5 - place[0] * width
    return torch.exp(-(down[:, None] ** 2 + across**2) / 2)


def _estimation(kind: type, model: torch.nn.Module) -> object:
    made = object.__new__(kind)
    made.model = model
    return made


def _whole_body() -> OpenposeDetector:
    hand, face = Middle(22, is_staged=False), Middle(71, is_staged=True)
    return OpenposeDetector(_estimation(Body, Somebody()), _estimation(Hand, hand), _estimation(Face, face))


SAYING: Mapping[str, Callable[[], object]] = {
    "midas": lambda: MidasDetector(Brightness()),
    "zoe": lambda: ZoeDetector(Brightness()),
    "openpose": lambda: OpenposeDetector(_estimation(Body, Somebody())),
    "openpose-full": _whole_body,
}
