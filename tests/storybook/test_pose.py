"""Skeletons are true to the picture, and what the pose net is taught is what it is asked later."""

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import VitPoseImageProcessor
from transformers.models.vitpose.modeling_vitpose import VitPoseEstimatorOutput

from studio.skeletons import JOINTS
from studio.storybook import pose, render

ASPECTS = [1.0, 1.5, 2 / 3]


@pytest.fixture
def processor() -> VitPoseImageProcessor:
    return VitPoseImageProcessor(size={"height": pose.SEES, "width": pose.SEES}, do_normalize=False)


@pytest.mark.parametrize("aspect", ASPECTS)
def test_joints_lie_on_the_person(aspect: float) -> None:
    for scene in pose.with_people(7, 5, aspect=aspect):
        (index,) = [at for at, thing in enumerate(scene.things) if thing.kind == "person"]
        there = render.mask(scene, index, 256)
        height, width = there.shape
        (person,) = pose.people(scene)
        assert {"nose", "neck", "right_hip", "left_knee"} <= set(person.joints) <= set(pose.SEEN)
        hits = [there[int(y * height), int(x * width)] for x, y in person.joints.values()]
        assert np.mean(hits) > 0.85  # another thing may stand in front


def test_right_is_right_of_somebody_who_looks_at_us() -> None:
    sides = []
    for scene in pose.with_people(7, 30):
        (person,) = pose.people(scene)
        sides.append(person.joints["right_ankle"][0] < person.joints["left_ankle"][0])
    assert all(sides)


def test_the_net_has_a_heat_map_for_each_joint() -> None:
    heat = pose.make()(torch.zeros(1, 3, pose.SEES, pose.SEES)).heatmaps
    assert heat.shape == (1, len(pose.SEEN), 48, 48)
    assert JOINTS[:14] == pose.SEEN


def test_heat_is_where_the_joint_is_and_nowhere_without_one() -> None:
    places = torch.tensor([[[0.0, 0.0], [0.5, -0.5]]])
    heat = pose._heat(places, torch.tensor([[1.0, 0.0]]))
    assert heat[0, 0].argmax() // 48 in (23, 24) and heat[0, 0].max() > 0.8
    assert not heat[0, 1].any()


@pytest.mark.parametrize("size", [(128, 128), (192, 128), (128, 192)])
def test_a_cut_that_is_not_off_is_the_processor_s(processor: VitPoseImageProcessor, size: tuple[int, int]) -> None:
    checks = np.kron(np.indices((size[1] // 16, size[0] // 16)).sum(0) % 2, np.ones((16, 16)))
    image = Image.fromarray((checks * 255).astype(np.uint8)).convert("RGB")
    pixels = torch.from_numpy(np.asarray(image)).permute(2, 0, 1)[None].float() / 127.5 - 1
    cut, _ = pose._cut(pixels, torch.zeros(1, 1, 3), off=0)
    seen = processor(images=image, boxes=[[[0, 0, *size]]], return_tensors="pt")["pixel_values"]
    assert (cut / 2 + 0.5 - seen).abs().mean() < 0.02


@pytest.mark.parametrize("size", [(128, 128), (192, 128), (128, 192)])
def test_the_processor_reads_the_heat_where_it_was_put(processor: VitPoseImageProcessor, size: tuple[int, int]) -> None:
    joints = torch.tensor([[[0.1, 0.9, 1], [0.5, 0.5, 1], [0.75, 0.2, 1]]])
    _, places = pose._cut(torch.zeros(1, 3, *size[::-1]), joints, off=0)
    heat = VitPoseEstimatorOutput(heatmaps=pose._heat(places, joints[..., 2]))
    (found,) = processor.post_process_pose_estimation(heat, boxes=[[[0, 0, *size]]])[0]
    shares = found["keypoints"] / torch.tensor(size)
    assert (shares - joints[0, :, :2]).abs().max() < 0.004
