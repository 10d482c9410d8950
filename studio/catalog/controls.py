"""What can steer a picture beside words: the kinds of control, the nets that follow them, and how strictly."""

from types import MappingProxyType

from studio.catalog.rows import ControlNet, Kind, Preset

# In the order offered.
KINDS: tuple[Kind, ...] = (
    Kind(name="canny", label="Canny", info="Every edge stays where it is.", measure="edges"),
    Kind(name="scribble", label="Scribble", info="The large shapes, drawn by hand or found.", measure="edges"),
    Kind(name="softedge", label="Soft edge", info="Outlines, the strong ones more.", measure="edges"),
    Kind(name="lineart", label="Line art", info="Lines as a draughtsman sets them.", measure="edges"),
    Kind(name="depth", label="Depth", info="What is near and what is far.", measure="depth"),
    Kind(name="pose", label="Pose", info="How people stand.", measure="pose"),
    Kind(name="segmentation", label="Parts", info="What is where, as areas.", measure="regions"),
    Kind(name="tile", label="Tile", info="The picture itself, with other detail."),
)

# How strictly: structure first, so that what is left of the steps is free for words. After Krita AI's figures.
PRESETS: tuple[Preset, ...] = (
    Preset(name="light", label="Light", controlnet_conditioning_scale=0.7, control_guidance_end=0.5),
    Preset(name="balanced", label="Balanced", controlnet_conditioning_scale=1.0, control_guidance_end=0.8),
    Preset(name="strict", label="Strict", controlnet_conditioning_scale=1.0, control_guidance_end=1.0),
)

_APACHE = MappingProxyType({"licence": "Apache-2.0", "licence_url": "https://www.apache.org/licenses/LICENSE-2.0"})
_OPENRAIL = MappingProxyType(
    {
        "licence": "CreativeML OpenRAIL-M",
        "licence_url": "https://huggingface.co/spaces/CompVis/stable-diffusion-license",
    }
)
_OPENRAIL_PLUS = MappingProxyType(
    {
        "licence": "CreativeML OpenRAIL++-M",
        "licence_url": "https://huggingface.co/stabilityai/stable-diffusion-xl-base-1.0/blob/main/LICENSE.md",
    }
)
_STABILITY = MappingProxyType(
    {
        "licence": "Stability AI Community",
        "licence_url": "https://huggingface.co/stabilityai/stable-diffusion-3.5-large/blob/main/LICENSE.md",
    }
)


def _storybook(kind: str) -> ControlNet:
    return ControlNet(
        id=f"storybook-{kind}",
        label=f"Storybook {kind}",
        family="storybook",
        kinds=MappingProxyType({kind: 0}),
        loads="ControlNetModel",
        source=f"assets/storybook/controlnet-{kind}",
        size_bytes=6_450_000,
        **_APACHE,
    )


def _storybook_adapter(kind: str) -> ControlNet:
    return ControlNet(
        id=f"storybook-{kind}-adapter",
        label=f"Storybook {kind} T2I-Adapter",
        family="storybook",
        kinds=MappingProxyType({kind: 0}),
        method="t2i_adapter",
        loads="T2IAdapter",
        source=f"assets/storybook/t2i-adapter-{kind}",
        size_bytes=2_720_000,
        **_APACHE,
    )


def _v11(kind: str, name: str) -> ControlNet:
    """A ControlNet 1.1 of its author, in half precision."""
    return ControlNet(
        id=f"sd15-{kind}",
        label=f"ControlNet 1.1 {name.rpartition('_')[2]}",
        family="sd1",
        kinds=MappingProxyType({kind: 0}),
        loads="ControlNetModel",
        source=f"lllyasviel/control_{name}",
        variant="fp16",
        size_bytes=722_600_000,
        **_OPENRAIL,
    )


def _sd1_adapter(kind: str, name: str) -> ControlNet:
    return ControlNet(
        id=f"sd15-{kind}-adapter",
        label=f"T2I-Adapter {name.partition('_')[0]}",
        family="sd1",
        kinds=MappingProxyType({kind: 0}),
        method="t2i_adapter",
        loads="T2IAdapter",
        source=f"TencentARC/t2iadapter_{name}",
        size_bytes=308_000_000,
        **_APACHE,
    )


def _sdxl_adapter(kind: str, name: str) -> ControlNet:
    return ControlNet(
        id=f"sdxl-{kind}-adapter",
        label=f"T2I-Adapter {name} SDXL",
        family="sdxl",
        kinds=MappingProxyType({kind: 0}),
        method="t2i_adapter",
        loads="T2IAdapter",
        source=f"TencentARC/t2i-adapter-{name}-sdxl-1.0",
        variant="fp16",
        size_bytes=158_000_000,
        **_APACHE,
    )


def _xinsir(kind: str, name: str) -> ControlNet:
    return ControlNet(
        id=f"sdxl-{kind}",
        label=f"xinsir {name} SDXL",
        family="sdxl",
        kinds=MappingProxyType({kind: 0}),
        loads="ControlNetModel",
        source=f"xinsir/controlnet-{name}-sdxl-1.0",
        size_bytes=2_502_000_000,
        **_APACHE,
    )


def _sd3(kind: str, source: str) -> ControlNet:
    return ControlNet(
        id=f"sd3-{kind}",
        label=source.partition("/")[2],
        family="sd3",
        kinds=MappingProxyType({kind: 0}),
        loads="SD3ControlNetModel",
        source=source,
        size_bytes=1_190_000_000,
        **_STABILITY,
    )


# For each family, kind and method the first is the one meant if none is named.
CONTROLNETS: tuple[ControlNet, ...] = (
    *map(_storybook, ("canny", "scribble", "depth", "pose", "segmentation")),
    _storybook_adapter("canny"),
    _v11("canny", "v11p_sd15_canny"),
    _v11("scribble", "v11p_sd15_scribble"),
    _v11("softedge", "v11p_sd15_softedge"),
    _v11("lineart", "v11p_sd15_lineart"),
    _v11("depth", "v11f1p_sd15_depth"),
    _v11("pose", "v11p_sd15_openpose"),
    _v11("segmentation", "v11p_sd15_seg"),
    _sd1_adapter("canny", "canny_sd15v2"),
    _sd1_adapter("scribble", "sketch_sd15v2"),
    _sd1_adapter("depth", "depth_sd15v2"),
    _sd1_adapter("pose", "openpose_sd14v1"),
    _sd1_adapter("segmentation", "seg_sd14v1"),
    _xinsir("canny", "canny"),
    _xinsir("scribble", "scribble"),
    _xinsir("depth", "depth"),
    _xinsir("pose", "openpose"),
    _xinsir("tile", "tile"),
    ControlNet(
        id="sdxl-union",
        label="xinsir Union SDXL",
        family="sdxl",
        # Its own order: pose 0, depth 1, soft edge and scribble 2, canny and lines 3, segmentation 5.
        kinds=MappingProxyType(
            {"pose": 0, "depth": 1, "scribble": 2, "softedge": 2, "canny": 3, "lineart": 3, "segmentation": 5}
        ),
        loads="ControlNetUnionModel",
        source="xinsir/controlnet-union-sdxl-1.0",
        size_bytes=2_510_000_000,
        **_APACHE,
    ),
    ControlNet(
        id="sdxl-union-promax",
        label="Union ProMax SDXL",
        family="sdxl",
        kinds=MappingProxyType(
            {
                "pose": 0,
                "depth": 1,
                "scribble": 2,
                "softedge": 2,
                "canny": 3,
                "lineart": 3,
                "segmentation": 5,
                "tile": 6,
            }
        ),
        loads="ControlNetUnionModel",
        source="brad-twinkl/controlnet-union-sdxl-1.0-promax",
        size_bytes=2_510_000_000,
        **_APACHE,
    ),
    _sdxl_adapter("canny", "canny"),
    _sdxl_adapter("scribble", "sketch"),
    _sdxl_adapter("lineart", "lineart"),
    _sdxl_adapter("depth", "depth-midas"),
    _sdxl_adapter("pose", "openpose"),
    _sd3("canny", "InstantX/SD3-Controlnet-Canny"),
    _sd3("depth", "InstantX/SD3-Controlnet-Depth"),
    _sd3("pose", "InstantX/SD3-Controlnet-Pose"),
    _sd3("softedge", "alimama-creative/SD3-Controlnet-Softedge"),
    _sd3("tile", "InstantX/SD3-Controlnet-Tile"),
)
