"""ControlNets and a T2I-Adapter for the Storybook world: what the frozen UNet is told beside words."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from diffusers import ControlNetModel, T2IAdapter, UNet2DConditionModel
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from studio.storybook import bundled, captions, clip, pose, unet
from studio.storybook.data import each
from studio.storybook.render import depth, picture, segmentation
from studio.storybook.training import Losses, Run, load_state, workers
from studio.storybook.unet import Round
from studio.storybook.world import Mix, Scene
from studio.vision import palettes, poses, preprocessors

HEIGHT = 128
BATCH = 32
# What is seen, as in a round of the UNet's; only so many of it fit the kind.
SEEN = Round(height=HEIGHT, seed=600_000, count=30_000, mix=Mix(two_things=0.6, looks=0.3))
MOST = 12_000
# What is said beside the control: all of the scene, only where and when it is, or nothing.
SAID = {"all": 0.4, "setting": 0.35, "nothing": 0.25}
# The net that a kind learns to be heard together with, and how often it is there; its own weights stay.
COMPANY = {"pose": "depth"}
ACCOMPANIED = 0.5
# Three levels bring pixels to latents a quarter as large.
EMBEDDING = (16, 32, 64)
SHRINK = 2 ** (len(EMBEDDING) - 1)
# How much more an error counts where somebody stands.
PEOPLE_MATTER = 8.0
ADAPTER = {"adapter_type": "full_adapter_xl", "downscale_factor": 8, "channels": [48, 96, 160, 160]}

Draw = Callable[[Scene, int], Image.Image]
# From noisy latents and their steps to what a ControlNet adds to a UNet on its way down and in its middle.
Other = Callable[..., tuple[Sequence[Tensor], Tensor]]


def lines(scene: Scene, height: int, *, by: str) -> Image.Image:
    """What a preprocessor that asks no net makes of the picture."""
    row = preprocessors.preprocessor(by)
    return row.draw(picture(scene, height), **row.settings)


def nearness(scene: Scene, height: int) -> Image.Image:
    """The true depth as a depth net shows it: farthest black, nearest white."""
    near = depth(scene, height)
    return Image.fromarray(np.rint((near - near.min()) / np.ptp(near) * 255).astype(np.uint8))


def skeleton(scene: Scene, height: int) -> Image.Image:
    """The people of the scene as OpenPose draws them."""
    return poses.drawn(pose.people(scene), (round(height * scene.aspect), height))


def parts(scene: Scene, height: int) -> Image.Image:
    """What is where, each class in its colour."""
    return palettes.coloured(segmentation(scene, height), palettes.STORYBOOK)


KINDS: Mapping[str, Draw] = {
    "canny": partial(lines, by="canny"),
    "scribble": partial(lines, by="scribble"),
    "depth": nearness,
    "pose": skeleton,
    "segmentation": parts,
}


FIRST = next(iter(KINDS))


def control_images(some: Sequence[Scene], kind: str, height: int = HEIGHT) -> np.ndarray:
    """(n, height, width, 3) uint8: the control images of scenes of one aspect, drawn from what is true of them."""
    return each(partial(_drawn, kind=kind), some, height)


def train(minutes: float, device: torch.device, *, kind: str, is_adapter: bool = False) -> nn.Module:
    """Train a net for one kind of control beside the frozen UNet, on squared error of v as the UNet was."""
    some, latents = SEEN.scenes, unet.latents_of(SEEN, device)
    fitting = [index for index, scene in enumerate(some) if kind != "pose" or pose.people(scene)]
    picked_from = np.array(fitting[:MOST])
    picked = [some[index] for index in picked_from]
    drawn = torch.from_numpy(control_images(picked, kind))
    company = _company(None if is_adapter else COMPANY.get(kind), picked, device)
    base, text_tower = unet.trained(device).requires_grad_(False), clip.trained(device).text_model
    net = trained(kind, device, is_adapter=is_adapter) or _begun(base, device, is_adapter=is_adapter)
    guess = (_adapted if is_adapter else _controlled)(net, base)
    alphas = unet.noise_schedule().alphas_cumprod.to(device)
    rng, batch = np.random.default_rng(), BATCH // workers()

    def losses(step: int) -> Losses:
        turn = rng.integers(len(picked_from), size=batch)
        words = captions.said([picked[index] for index in turn], rng, SAID)
        with torch.no_grad():
            said = text_tower(unet.tokens_of(words).long().to(device)).last_hidden_state
        clean = latents[picked_from[turn]].to(device).float().contiguous(memory_format=torch.channels_last)
        shown = _pixels(drawn[turn], device)
        beside = company(turn, said) if rng.random() < ACCOMPANIED else {}
        matters = near_people(shown) if kind == "pose" else 1.0
        return unet.losses(partial(guess, said=said, shown=shown, **beside), clean, alphas, matters=matters)

    return Run(name=_name(kind, is_adapter=is_adapter), model=net, losses=losses, device=device).fit(minutes)


def near_people(skeletons: Tensor) -> Tensor:
    """(n, 1, height, width) of latents: the weight of each place, larger along the skeletons of (n, 3, …) in 0 to 1.

    People are a few hundredths of a picture, after HumanSD (Ju et al. 2023).
    """
    drawn = (skeletons.amax(1, keepdim=True) > 0).float()
    near = functional.max_pool2d(functional.max_pool2d(drawn, SHRINK), 3, stride=1, padding=1)
    return 1 + (PEOPLE_MATTER - 1) * near


def make(base: UNet2DConditionModel, *, is_adapter: bool = False) -> nn.Module:
    """A fresh net: a ControlNet begins as a copy of the UNet that adds nothing yet."""
    if is_adapter:
        return T2IAdapter(**ADAPTER)
    return ControlNetModel.from_unet(base, conditioning_embedding_out_channels=EMBEDDING)


def _begun(base: UNet2DConditionModel, device: torch.device, *, is_adapter: bool) -> nn.Module:
    """A ControlNet begins as the first that was trained, which knows already how to be heard."""
    first = None if is_adapter else trained(FIRST, device)
    return first or make(base, is_adapter=is_adapter)


def trained(kind: str, device: torch.device, *, is_adapter: bool = False) -> nn.Module | None:
    """The averaged net of the saved state, else the bundled one; None if there is neither."""
    published, folder = (T2IAdapter if is_adapter else ControlNetModel), folder_of(kind, is_adapter=is_adapter)
    state = load_state(_name(kind, is_adapter=is_adapter), device)
    if state is None:
        return bundled.part(published, folder, device)
    net = make(unet.trained(device), is_adapter=is_adapter).to(device)
    net.load_state_dict(state["averages"])
    return net.eval()


def export(folder: Path | None = None, *, kind: str, is_adapter: bool = False) -> None:
    """Write the trained net in diffusers' layout, float16."""
    net = trained(kind, torch.device("cpu"), is_adapter=is_adapter)
    net.half().save_pretrained(folder or folder_of(kind, is_adapter=is_adapter))


def folder_of(kind: str, *, is_adapter: bool = False) -> Path:
    """Where the net of a kind is bundled."""
    return bundled.FOLDER / _name(kind, is_adapter=is_adapter)


def _name(kind: str, *, is_adapter: bool) -> str:
    return f"t2i-adapter-{kind}" if is_adapter else f"controlnet-{kind}"


def _drawn(scene: Scene, height: int, *, kind: str) -> np.ndarray:
    return np.asarray(KINDS[kind](scene, height).convert("RGB"))


def _company(
    kind: str | None, some: Sequence[Scene], device: torch.device
) -> Callable[[np.ndarray, Tensor], dict[str, Other]]:
    """From places of scenes, and what is said of them, to the net of that kind as their controls are shown to it."""
    if kind is None:
        return lambda turn, said: {}
    net, drawn = trained(kind, device).requires_grad_(False), torch.from_numpy(control_images(some, kind))

    def beside(turn: np.ndarray, said: Tensor) -> dict[str, Other]:
        return {"other": partial(net, encoder_hidden_states=said, controlnet_cond=_pixels(drawn[turn], device))}

    return beside


def _pixels(drawn: Tensor, device: torch.device) -> Tensor:
    return drawn.to(device).permute(0, 3, 1, 2).float() / 255


def _controlled(net: ControlNetModel, base: UNet2DConditionModel) -> Callable[..., Tensor]:
    def guess(noisy: Tensor, steps: Tensor, *, said: Tensor, shown: Tensor, other: Other | None = None) -> Tensor:
        down, middle = net(noisy, steps, said, controlnet_cond=shown, return_dict=False)
        if other is not None:
            with torch.no_grad():
                more, deepest = other(noisy, steps, return_dict=False)
            down, middle = [one + two for one, two in zip(down, more, strict=True)], middle + deepest
        beside = {"down_block_additional_residuals": down, "mid_block_additional_residual": middle}
        return base(noisy, steps, said, **beside).sample

    return guess


def _adapted(net: T2IAdapter, base: UNet2DConditionModel) -> Callable[..., Tensor]:
    def guess(noisy: Tensor, steps: Tensor, *, said: Tensor, shown: Tensor) -> Tensor:
        return base(noisy, steps, said, down_intrablock_additional_residuals=net(shown)).sample

    return guess
