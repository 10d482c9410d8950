"""Pictures to depth, poses and parts, by the nets that transformers has for them; for one thread alone."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from transformers import (
    AutoImageProcessor,
    AutoModelForDepthEstimation,
    AutoModelForSemanticSegmentation,
    BaseImageProcessor,
    PreTrainedModel,
    VitPoseForPoseEstimation,
)

from studio.skeletons import JOINTS, Skeleton

# Joints that a net is less sure of are not seen, and if it is less sure of them all together, nobody is there.
LEAST_SURE, LEAST_SURE_OF_ALL = 0.3, 0.4


class Net(NamedTuple):
    """A net with what brings pictures to it."""

    model: PreTrainedModel
    processor: BaseImageProcessor


def depth_net(folder: Path) -> Net:
    """Depth Anything (Yang et al. 2024) or another net of that kind; what reading raises is raised."""
    return _net(AutoModelForDepthEstimation, folder)


def pose_net(folder: Path) -> Net:
    """ViTPose (Xu et al. 2022) whose joints are named as `JOINTS`, for one person who fills the picture."""
    return _net(VitPoseForPoseEstimation, folder)


def parts_net(folder: Path) -> Net:
    """SegFormer (Xie et al. 2021), UperNet or another net of that kind."""
    return _net(AutoModelForSemanticSegmentation, folder)


@torch.inference_mode()
def nearness(image: Image.Image, net: Net) -> np.ndarray:
    """How near each pixel is, float32 (height, width) of the picture, from 0, farthest, to 1, nearest."""
    seen = net.model(**net.processor(images=image.convert("RGB"), return_tensors="pt"))
    sizes = [(image.height, image.width)]
    near = net.processor.post_process_depth_estimation(seen, target_sizes=sizes)[0]["predicted_depth"].numpy()
    span = np.ptp(near)
    return (near - near.min()) / span if span else np.zeros_like(near)


@torch.inference_mode()
def people(image: Image.Image, net: Net) -> list[Skeleton]:
    """The person in the picture, or nobody: the joints that the net is sure enough of."""
    boxes = [[[0, 0, image.width, image.height]]]
    seen = net.model(**net.processor(images=image.convert("RGB"), boxes=boxes, return_tensors="pt"))
    found = net.processor.post_process_pose_estimation(seen, boxes=boxes, threshold=0)[0][0]
    if float(found["scores"].mean()) < LEAST_SURE_OF_ALL:
        return []
    joints = {
        net.model.config.id2label[int(label)]: (float(x) / image.width, float(y) / image.height)
        for label, score, (x, y) in zip(found["labels"], found["scores"], found["keypoints"], strict=True)
        if score > LEAST_SURE
    }
    joints = {name: joints[name] for name in JOINTS if name in joints}
    return [Skeleton(joints=joints)] if "neck" in joints else []


@torch.inference_mode()
def parts(image: Image.Image, net: Net) -> np.ndarray:
    """What each pixel shows, int64 (height, width) of the picture: indices of the net's own labels."""
    seen = net.model(**net.processor(images=image.convert("RGB"), return_tensors="pt"))
    sizes = [(image.height, image.width)]
    return net.processor.post_process_semantic_segmentation(seen, target_sizes=sizes)[0].numpy()


def _net(kind: type, folder: Path) -> Net:
    how = {"local_files_only": True}
    model = kind.from_pretrained(folder, dtype=torch.float32, use_safetensors=True, **how)
    return Net(model.eval(), AutoImageProcessor.from_pretrained(folder, **how))
