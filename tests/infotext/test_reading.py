"""Infotext of every program that writes it is understood, and what is not ours is named."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.errors import StudioError
from studio.infotext import read
from studio.requests import TextToImage

NAMES = {"v1-5-pruned-emaonly": "sd15", "6ce0161689": "sd15", "DreamShaper_8.safetensors": "dreamshaper-8"}

# As the programs write it, with prompts of our own: source → (text, values, keys that are not ours).
WILD = {
    "A1111's wiki, 2022": (
        "girl with a beret, blue eyes, ((eyeshadow)), (coquettish), intricate\n"
        "Negative prompt: ugly, (((deformed))), [blurry], bad anatomy, (extra_limb)\n"
        "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 965400086, Size: 512x512, Model hash: 45dee52b",
        {
            "prompt": "girl with a beret, blue eyes, ((eyeshadow)), (coquettish), intricate",
            "negative_prompt": "ugly, (((deformed))), [blurry], bad anatomy, (extra_limb)",
            "num_inference_steps": 20,
            "scheduler": "Euler a",
            "guidance_scale": 7.0,
            "seed": 965400086,
            "width": 512,
            "height": 512,
        },
        {"Model hash"},
    ),
    "A1111 of 2022 with its old two passes": (
        "a lighthouse\n"
        "Steps: 24, Sampler: DPM++ SDE, CFG scale: 10, Seed: 1140782193, Size: 1024x1536, Model hash: cc44dbff, "
        "Denoising strength: 0.45, ENSD: 31337, First pass size: 512x768",
        {
            "prompt": "a lighthouse",
            "negative_prompt": "",
            "num_inference_steps": 24,
            "scheduler": "DPM++ SDE",
            "guidance_scale": 10.0,
            "seed": 1140782193,
            "width": 512,
            "height": 768,
            "second_pass_scale": 2.0,
            "second_pass_strength": 0.45,
        },
        {"Model hash", "ENSD"},
    ),
    "A1111 1.6, second pass, LoRA, face repair and ControlNet": (
        "1girl, <lora:paper-10:0.8>, long hair,\nBREAK\nflower field\n"
        "Negative prompt: (worst quality, low quality:1.4),\nEasyNegative\n"
        "Steps: 30, Sampler: DPM++ 2M Karras, CFG scale: 7.5, Seed: 213228792, Size: 512x768, Model hash: 6ce0161689, "
        "Model: v1-5-pruned-emaonly, Denoising strength: 0.53, Clip skip: 2, ADetailer model: face_yolov8n.pt, "
        'ADetailer prompt: "<lora:paper-10:0.8>, \\"old\\" face", ADetailer dilate/erode: 4, Hires upscale: 2, '
        'Hires steps: 10, Hires upscaler: 4x-UltraSharp, Lora hashes: "paper-10: eb3b1a905093", ControlNet 0: "Module: '
        "canny, Model: control_v11p_sd15_canny [d14c016b], Weight: 1, Resize Mode: Crop and Resize, Low Vram: False, "
        'Guidance Start: 0, Guidance End: 1, Pixel Perfect: True, Control Mode: Balanced", '
        'TI hashes: "EasyNegative: c74b4e810b03", Version: v1.6.1, '
        'Hashes: {"lora:paper-10": "21895f3ba9", "model": "6ce0161689"}',
        {
            "prompt": "1girl, long hair,\nBREAK\nflower field",
            "loras": [{"name": "paper-10", "scale": 0.8}],
            "negative_prompt": "(worst quality, low quality:1.4),\nEasyNegative",
            "num_inference_steps": 30,
            "scheduler": "DPM++ 2M Karras",
            "guidance_scale": 7.5,
            "seed": 213228792,
            "width": 512,
            "height": 768,
            "checkpoint": "sd15",
            "clip_skip": 1,
            "second_pass_scale": 2.0,
            "second_pass_strength": 0.53,
        },
        {
            "ADetailer model",
            "ADetailer prompt",
            "ADetailer dilate/erode",
            "Hires steps",
            "Hires upscaler",
            "Lora hashes",
            "ControlNet 0",
            "TI hashes",
            "Hashes",
        },
    ),
    "A1111 1.9, image to image, sampler and schedule apart": (
        "perfume bottle in sand, studio light\nNegative prompt: incomplete figures\n"
        "Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 8, Seed: 1659960289, Size: 768x512, "
        "Model hash: b513c6287d, Model: realism_engine, Denoising strength: 0.91, Mask blur: 4, "
        "Masked content: fill, Version: v1.9.4",
        {
            "prompt": "perfume bottle in sand, studio light",
            "negative_prompt": "incomplete figures",
            "num_inference_steps": 20,
            "scheduler": "DPM++ 2M Karras",
            "guidance_scale": 8.0,
            "seed": 1659960289,
            "width": 768,
            "height": 512,
            "strength": 0.91,
        },
        {"Model hash", "Model", "Mask blur", "Masked content"},
    ),
    "A1111 1.10, variation, refiner, automatic schedule": (
        "cat portrait\nNegative prompt: \n"
        "Steps: 13, Sampler: DPM++ 2M, Schedule type: Automatic, CFG scale: 4, Seed: 2535254266, Face restoration: "
        "CodeFormer, Size: 1216x832, Model hash: 31e35c80fc, Model: sd_xl_base_1.0, Variation seed: 41, "
        "Variation seed strength: 0.15, RNG: NV, Refiner: sd_xl_refiner_1.0 [7440042bbd], Refiner switch at: 0.7, "
        "Version: v1.10.1",
        {
            "prompt": "cat portrait",
            "negative_prompt": "",
            "num_inference_steps": 13,
            "scheduler": "DPM++ 2M Karras",
            "guidance_scale": 4.0,
            "seed": 2535254266,
            "width": 1216,
            "height": 832,
        },
        {
            "Face restoration",
            "Model hash",
            "Model",
            "Variation seed",
            "Variation seed strength",
            "RNG",
            "Refiner",
            "Refiner switch at",
        },
    ),
    "Forge": (
        'a "positive" thing.\n\n<lora:- vanta_V2.0:0.55>\n'
        "Steps: 20, Sampler: Euler, Schedule type: Simple, CFG scale: 1, Distilled CFG Scale: 3.5, Seed: 3045329758, "
        "Size: 832x1216, Model hash: 06f96f89f6, Model: flux_dev, "
        'Lora hashes: "- vanta_V2.0: 5d8cf3724039", Version: f2.0.1v1.10.1-previous-561-g82eb7566, Module 1: ae',
        {
            "prompt": 'a "positive" thing.',
            "loras": [{"name": "- vanta_V2.0", "scale": 0.55}],
            "negative_prompt": "",
            "num_inference_steps": 20,
            "scheduler": "Euler",
            "guidance_scale": 1.0,
            "seed": 3045329758,
            "width": 832,
            "height": 1216,
        },
        {"Schedule type", "Distilled CFG Scale", "Model hash", "Model", "Lora hashes", "Module 1"},
    ),
    "SD.Next": (
        "masterpiece, girl, ponytail\nNegative prompt: low quality, cropped\n"
        "Steps: 20, Size: 1312x1408, Sampler: DPM++ SDE, Seed: 1561296656, CFG scale: 6, CFG rescale: 0.7, "
        "App: SD.Next, Version: 8b73cb6, "
        "Pipeline: StableDiffusionXLPipeline, Operations: txt2img; hires, Model: dreamshaper 8, "
        "Model hash: 847403d47a, Refine: True, Hires upscaler: Lanczos, Hires scale: 1.5, Hires size: 1968x2112, "
        "Hires strength: 0.3",
        {
            "prompt": "masterpiece, girl, ponytail",
            "negative_prompt": "low quality, cropped",
            "num_inference_steps": 20,
            "scheduler": "DPM++ SDE",
            "guidance_scale": 6.0,
            "seed": 1561296656,
            "width": 1312,
            "height": 1408,
            "checkpoint": "dreamshaper-8",
            "second_pass_scale": 1.5,
            "second_pass_strength": 0.3,
        },
        {"CFG rescale", "Pipeline", "Operations", "Refine", "Hires size"},
    ),
    "Civitai's own generator, without a negative prompt": (
        "fog, a vintage car in the middle, movie Negative prompt: Steps: 23, Sampler: Undefined, CFG scale: 3.5, "
        "Seed: 1760020955, Size: 832x1216, Clip skip: 2, Created Date: 2025-11-28T09:18:43.5269343Z, "
        'Civitai resources: [{"type":"checkpoint","modelVersionId":2442439,"modelName":"Z Image"}], '
        "Civitai metadata: {}",
        {
            "prompt": "fog, a vintage car in the middle, movie",
            "negative_prompt": "",
            "num_inference_steps": 23,
            "guidance_scale": 3.5,
            "seed": 1760020955,
            "width": 832,
            "height": 1216,
            "clip_skip": 1,
        },
        {"Sampler", "Created Date", "Civitai resources", "Civitai metadata"},
    ),
    "ComfyUI on Civitai, a seed of 64 bits": (
        "lazypos, coffee shop\nNegative prompt: lazyneg\n"
        "Steps: 30, Sampler: DPM++ 2M SDE Karras, CFG scale: 4.5, Seed: 639466906728691, Size: 1216x832, Clip skip: 2, "
        "Model hash: BB2C170125, Model: painted, Version: ComfyUI, Civitai resources: "
        '[{"modelName":"Lazy (Positive, Negative)","versionName":"v2","weight":1.0}]',
        {
            "prompt": "lazypos, coffee shop",
            "negative_prompt": "lazyneg",
            "num_inference_steps": 30,
            "scheduler": "DPM++ 2M SDE Karras",
            "guidance_scale": 4.5,
            "width": 1216,
            "height": 832,
            "clip_skip": 1,
        },
        {"Seed", "Model hash", "Model", "Civitai resources"},
    ),
    "A1111 1.5 with Hires resize and settings of extensions in braces": (
        "link in Hyrule\n"
        "Steps: 25, Sampler: UniPC, CFG scale: 10, Seed: 1293666383, Size: 640x512, Model hash: 6CE0161689, "
        "Denoising strength: 0.5, Hires resize: 1280x1024, Hires upscaler: R-ESRGAN 4x+ Anime6B, "
        'Tiled Diffusion: {"Method": "MultiDiffusion", "Region 1": {"prompt": "1boy, solo"}}, Version: v1.5.1',
        {
            "prompt": "link in Hyrule",
            "negative_prompt": "",
            "num_inference_steps": 25,
            "scheduler": "UniPC",
            "guidance_scale": 10.0,
            "seed": 1293666383,
            "width": 640,
            "height": 512,
            "checkpoint": "sd15",
            "second_pass_scale": 2.0,
            "second_pass_strength": 0.5,
        },
        {"Hires upscaler", "Tiled Diffusion"},
    ),
    "Dynamic prompts, with a template below the settings": (
        "a red house\nNegative prompt: rain\n"
        "Steps: 8, Sampler: DDIM, CFG scale: 2, Seed: 0, Size: 768x1024\n"
        "Template: a {red|blue} house\nNegative Template: rain",
        {
            "prompt": "a red house",
            "negative_prompt": "rain",
            "num_inference_steps": 8,
            "scheduler": "DDIM",
            "guidance_scale": 2.0,
            "seed": 0,
            "width": 768,
            "height": 1024,
        },
        {"After the settings"},
    ),
}


@pytest.mark.parametrize("source", WILD)
def test_texts_from_the_wild_are_understood(source: str) -> None:
    text, values, unknown = WILD[source]
    for ending in ("\n", "\r\n"):
        found = read(text.replace("\n", ending), NAMES)
        assert found.values == values
        assert set(found.unknown) == unknown
        TextToImage(**{name: value for name, value in values.items() if name != "strength"})


def test_values_in_quotes_are_given_whole() -> None:
    text, _, _ = WILD["A1111 1.6, second pass, LoRA, face repair and ControlNet"]
    unknown = read(text).unknown
    assert unknown["ADetailer prompt"] == '<lora:paper-10:0.8>, "old" face'
    assert unknown["Lora hashes"] == "paper-10: eb3b1a905093"
    assert unknown["ControlNet 0"].startswith("Module: canny, Model: control_v11p_sd15_canny [d14c016b], Weight: 1")


def test_the_last_line_of_settings_wins() -> None:
    found = read("Steps: 3, Seed: 4, Size: 64x64\nmore\nSteps: 9, Sampler: Euler, Seed: 5")
    assert found.values["prompt"] == "Steps: 3, Seed: 4, Size: 64x64\nmore"
    assert (found.values["num_inference_steps"], found.values["seed"]) == (9, 5)


def test_the_first_line_that_says_negative_prompt_wins_and_is_noted() -> None:
    found = read("a\nNegative prompt: b\nNegative prompt: c\nSteps: 9, Sampler: Euler, Seed: 5")
    assert (found.values["prompt"], found.values["negative_prompt"]) == ("a", "b\nNegative prompt: c")
    assert found.notes == ("Negative prompt: several lines begin with it; all from the first on was taken.",)


def test_two_settings_are_words_of_a_prompt() -> None:
    found = read("a recipe\nSteps: 3, Seed: poppy")
    assert found.values == {"prompt": "a recipe\nSteps: 3, Seed: poppy", "negative_prompt": ""}
    assert found.notes[0].startswith("Settings: there is no line of them")


def test_values_out_of_limits_are_named_with_their_reason() -> None:
    found = read("x\nSteps: 900, Sampler: Warp, CFG scale: NaN, Seed: twelve, Size: 99999x8, Clip skip: 0")
    assert found.values == {"prompt": "x", "negative_prompt": ""}
    assert set(found.unknown) == {"Steps", "Sampler", "Guidance (CFG)", "Seed", "Width", "Height", "Clip skip"}
    assert "Steps: needs a whole number from 1 to 150; 900 is outside." in found.notes


@pytest.mark.parametrize(("text", "message"), [("", "is empty"), (" \r\n ", "is empty"), ("a" * 200_001, "too many")])
def test_what_is_no_text_of_settings_is_refused(text: str, message: str) -> None:
    with pytest.raises(StudioError, match=f"^Settings: .*{message}"):
        read(text)


PIECES = st.sampled_from(
    ["Steps: 20", "Seed: ", "Size: 5x", "Negative prompt:", "\n", ", ", ":", '"', "\\", "{", "[", "}"]
)
PIECES |= st.sampled_from(["Prompts: ", '"[1,2]"', "Version: Easel 1", "Hires upscale: 1e999", "First pass size: 0x0"])


@settings(deadline=None)
@given(st.lists(PIECES | st.text(max_size=4), max_size=40).map("".join))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = read(text)
    except StudioError:
        return
    TextToImage(
        **{name: value for name, value in found.values.items() if name not in ("strength", "image", "resize_mode")}
    )


@pytest.mark.parametrize(
    "piece", ['a:"', "a:[", 'a:["x', 'a:{"b":', "a:" + "[" * 50, "Steps:", 'a:"\\', "Negative prompt:\n", "a:1,"]
)
def test_a_hostile_text_costs_no_time(piece: str) -> None:
    text = "Steps: 20, Seed: 1, Size: 64x64, " + piece * (190_000 // len(piece))
    begin = time.thread_time()
    read(text)
    assert time.thread_time() - begin < 2


def test_tags_become_loras() -> None:
    found = read('a cat <lora:ink:0.8>, night\nSteps: 9, Seed: 1, Size: 512x512, Lora hashes: "ink: 0123456789ab"')
    assert found.values["prompt"] == "a cat, night" and found.values["loras"] == [{"name": "ink", "scale": 0.8}]
    assert found.unknown == {"Lora hashes": "ink: 0123456789ab"}


@pytest.mark.parametrize("tags", ["<lora:ink:9>", "<lora:ink:1> <lora:ink:1>", "<lora:a:1:2:lbw=x>", "<lora:a>" * 9])
def test_tags_that_cannot_be_meant_here_stay_among_the_words(tags: str) -> None:
    found = read(f"a cat {tags}\nSteps: 9, Seed: 1, Size: 512x512")
    assert found.values["prompt"] == f"a cat {tags}" and "loras" not in found.values
    assert found.notes[0].startswith("LoRA")
