"""Pictures to soft edges, line art, depth and poses by the nets of controlnet_aux; for one thread alone.

Its own ways to read them open pickles, so here its nets are filled from the safetensors that these were converted to.
"""

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from studio.skeletons import JOINTS, Skeleton
from studio.vision import poses

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

# One of controlnet_aux's detectors.
Net = Any

# What controlnet_aux's nets halve without a rest.
MULTIPLE = 64
# Under these names training keeps weights beside other things.
WRAPPERS = ("model.", "module.")
HED, PIDINET, MIDAS, ZOE = "ControlNetHED.pth", "table5_pidinet.pth", "dpt_hybrid-midas-501f0c75.pt", "ZoeD_M12_N.pt"
LINES, COARSE_LINES = "sk_model.pth", "sk_model2.pth"
BODY, HAND, FACE = "body_pose_model.pth", "hand_pose_model.pth", "facenet.pth"


def hed_net(folder: Path) -> Net:
    """The HED that ControlNet was trained with (after Xie & Tu 2015); as all here, what reading raises is raised."""
    hed = _library().hed
    return hed.HEDdetector(_filled(hed.ControlNetHED_Apache2, _weights(folder, HED)))


def pidi_net(folder: Path) -> Net:
    """PiDiNet (Su et al. 2021)."""
    pidi = _library().pidi
    return pidi.PidiNetDetector(_filled(pidi.pidinet, _weights(folder, PIDINET)))


def line_net(folder: Path, *, file: str = LINES) -> Net:
    """Informative Drawings (Chan et al. 2022), of fine lines or of coarse ones."""
    lineart = _library().lineart
    net = _filled(lambda: lineart.Generator(3, 1, 3), _weights(folder, file))
    return lineart.LineartDetector(net, net)


def midas_net(folder: Path) -> Net:
    """MiDaS 3 (Ranftl et al. 2021), its hybrid of ViT and ResNet."""
    midas = _library().midas
    build = midas.midas.dpt_depth.DPTDepthModel
    return midas.MidasDetector(_filled(lambda: build(backbone="vitb_rn50_384"), _weights(folder, MIDAS)))


def zoe_net(folder: Path) -> Net:
    """ZoeDepth (Bhat et al. 2023) for rooms and streets."""
    zoe, weights = _library().zoe, _weights(folder, ZOE)
    # It has tables that no file brings.
    net = _filled(lambda: zoe.ZoeDepth.build_from_config(zoe.get_config("zoedepth", "infer")), weights, device="cpu")
    return zoe.ZoeDetector(net)


def body_net(folder: Path) -> Net:
    """OpenPose (Cao et al. 2017) for bodies alone."""
    library = _library().open_pose
    body = _filled(library.model.bodypose_model, _weights(folder, BODY), named=_without_stage)
    return library.OpenposeDetector(_estimation(library.body.Body, body))


def whole_body_net(folder: Path) -> Net:
    """OpenPose for bodies, hands (Simon et al. 2017) and faces."""
    library, net = _library().open_pose, body_net(folder)
    hand = _filled(library.model.handpose_model, _weights(folder, HAND), named=_without_stage)
    face = _filled(library.face.FaceNet, _weights(folder, FACE))
    estimations = _estimation(library.hand.Hand, hand), _estimation(library.face.Face, face)
    return library.OpenposeDetector(net.body_estimation, *estimations)


def soft_edges(image: Image.Image, net: Net, *, safe: bool = False) -> Image.Image:
    """Edges in grey, white on black, L; `safe` ones in three steps, so that no shade of the picture shows through."""
    return _asked(image, net, safe=safe).convert("L")


def line_art(image: Image.Image, net: Net) -> Image.Image:
    """Lines as of a pen, white on black, L."""
    return _asked(image, net).convert("L")


def depth(image: Image.Image, net: Net) -> Image.Image:
    """Grey, the nearer the lighter, L."""
    return _asked(image, net).convert("L")


def people(image: Image.Image, net: Net) -> list[Skeleton]:
    """Everybody in the picture."""
    return [_skeleton(pose) for pose in _poses(image, net)]


def whole_people(image: Image.Image, net: Net) -> Image.Image:
    """Everybody in the picture on black, RGB, with hands and faces."""
    found, draw_face = _poses(image, net, include_hand=True, include_face=True), _library().open_pose.util.draw_facepose

    def add(canvas: np.ndarray) -> None:
        for pose in found:
            for hand in filter(None, (pose.left_hand, pose.right_hand)):
                poses.draw_hand(canvas, [(point.x, point.y) for point in hand])
            draw_face(canvas, pose.face)

    return poses.drawn([_skeleton(pose) for pose in found], image.size, add=add)


def _library() -> ModuleType:
    """Imported when it is first used: that takes seconds, and tells of things that others are to mend."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import controlnet_aux
    return controlnet_aux


def _weights(folder: Path, file: str) -> dict[str, "Tensor"]:
    from safetensors.torch import load_file

    weights = load_file((folder / file).with_suffix(".safetensors"))
    for wrapper in WRAPPERS:
        inner = {name.removeprefix(wrapper): weights[name] for name in weights if name.startswith(wrapper)}
        weights = inner or weights
    return weights


def _filled(
    build: Callable[[], "Module"],
    weights: Mapping[str, "Tensor"],
    *,
    named: Callable[[str], str] = str,
    device: str = "meta",
) -> "Module":
    """The net with these weights in float32, `named` giving the file's names of them; ValueError if it needs others.

    It is built of nothing if it may be, which is quicker.
    """
    import torch

    with torch.device(device), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        net = build()
    wanted = net.state_dict()
    names = {name: named(name) for name in wanted}
    if any(names[name] not in weights or weights[names[name]].shape != wanted[name].shape for name in wanted):
        raise ValueError("its weights are of another net")
    chosen = {name: weights[names[name]] for name in wanted}
    torch.nn.Module.load_state_dict(net, chosen, assign=device == "meta")
    return net.float().eval()


def _estimation(kind: type, net: "Module") -> object:
    """One of OpenPose's three, made without its own way to be made."""
    made = object.__new__(kind)
    made.model = net
    return made


def _without_stage(name: str) -> str:
    """The files know nothing of the stages that OpenPose's nets are divided into."""
    return name.partition(".")[2]


def _asked(image: Image.Image, net: Net, **how: object) -> Image.Image:
    """What a detector draws, of about the picture's size."""
    side = _side(image)
    return net(image.convert("RGB"), detect_resolution=side, image_resolution=side, output_type="pil", **how)


def _poses(image: Image.Image, net: Net, **how: bool) -> list[Any]:
    resize = _library().util.resize_image
    return net.detect_poses(resize(np.asarray(image.convert("RGB")), _side(image)), **how)


def _side(image: Image.Image) -> int:
    """The shorter side as the nets need it, and no smaller than it is."""
    return -(-min(image.size) // MULTIPLE) * MULTIPLE


def _skeleton(pose: Any) -> Skeleton:  # noqa: ANN401
    seen = zip(JOINTS, pose.body.keypoints, strict=True)
    return Skeleton(joints={name: (float(point.x), float(point.y)) for name, point in seen if point is not None})
