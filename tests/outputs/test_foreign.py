"""Pictures of ComfyUI, InvokeAI, Fooocus and NovelAI fill our fields as far as they have ours."""

import json
import time

import pytest

from studio.outputs import foreign
from studio.requests import TextToImage

GRAPH = {
    "3": {
        "class_type": "KSampler",
        "inputs": {
            "seed": 156680208700286,
            "steps": 20,
            "cfg": 8.0,
            "sampler_name": "dpmpp_2m",
            "scheduler": "karras",
            "denoise": 1.0,
            "model": ["4", 0],
            "positive": ["6", 0],
            "negative": ["7", 0],
            "latent_image": ["5", 0],
        },
    },
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sd/dreamshaper_8.safetensors"}},
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 512, "height": 768, "batch_size": 1}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "glass bottle, galaxy", "clip": ["4", 1]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "text, watermark", "clip": ["4", 1]}},
    "9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "ComfyUI", "images": ["8", 0]}},
}
LINKS = [
    [1, 4, 0, 3, 0, "MODEL"],
    [4, 6, 0, 3, 1, "CONDITIONING"],
    [6, 7, 0, 3, 2, "CONDITIONING"],
    [3, 4, 1, 6, 0, "CLIP"],
    [5, 4, 1, 7, 0, "CLIP"],
]
SEEDED = json.loads(json.dumps(GRAPH).replace("156680208700286", "1566"))
EXPECTED = {
    "prompt": "glass bottle, galaxy",
    "negative_prompt": "text, watermark",
    "num_inference_steps": 20,
    "guidance_scale": 8.0,
    "seed": 1566,
    "width": 512,
    "height": 768,
    "scheduler": "DPM++ 2M Karras",
    "checkpoint": "dreamshaper-8",
}
INVOKE = {
    "generation_mode": "txt2img",
    "positive_prompt": "a barn",
    "negative_prompt": "fog",
    "width": 512,
    "height": 640,
    "seed": 812,
    "cfg_scale": 7.5,
    "steps": 30,
    "scheduler": "dpmpp_2m_k",
    "model": {"model_name": "dreamshaper-8", "base_model": "sd-1"},
}
FOOOCUS = {
    "base_model": "dreamshaper_8",
    "base_model_hash": "aeb7e9e689",
    "guidance_scale": 4.0,
    "negative_prompt": "fog",
    "prompt": "a barn",
    "resolution": "(896, 1152)",
    "sampler": "dpmpp_2m_sde_gpu",
    "scheduler": "karras",
    "seed": "2985",
    "steps": 30,
    "version": "Fooocus v2.3.1",
}
NOVEL = {
    "steps": 28,
    "sampler": "k_euler_ancestral",
    "seed": 4,
    "scale": 11.0,
    "uc": "fog",
    "width": 512,
    "height": 768,
}


def test_a_graph_of_comfyui_is_read_with_and_without_its_links() -> None:
    for workflow in ({}, {"workflow": json.dumps({"links": LINKS})}):
        program, read = foreign.parsed({"prompt": json.dumps(SEEDED), **workflow})
        assert (program, dict(read.values)) == ("comfyui", EXPECTED)
        assert "SaveImage" in read.unknown and not read.notes
        TextToImage(**read.values)


def test_a_seed_too_large_for_us_is_named() -> None:
    _, read = foreign.parsed({"prompt": json.dumps(GRAPH)})
    assert "seed" not in read.values and read.unknown["Seed"] == "156680208700286"
    assert read.notes[0].startswith("Seed: needs a whole number from -1 to")


def test_of_several_samplers_the_first_is_taken() -> None:
    second = {"class_type": "KSampler", "inputs": GRAPH["3"]["inputs"] | {"seed": 2, "denoise": 0.5, "steps": 9}}
    _, read = foreign.parsed({"prompt": json.dumps(SEEDED | {"30": second})})
    assert read.values["num_inference_steps"] == 20 and read.notes == ("Sampler: the first of 2 was taken.",)


def test_a_picture_painted_anew_has_a_strength() -> None:
    graph = SEEDED | {"3": {"class_type": "KSampler", "inputs": SEEDED["3"]["inputs"] | {"denoise": 0.5}}}
    _, read = foreign.parsed({"prompt": json.dumps(graph)})
    assert read.values["strength"] == 0.5


def test_invokeai() -> None:
    program, read = foreign.parsed({"invokeai_metadata": json.dumps(INVOKE)})
    assert program == "invokeai" and read.values == {
        "prompt": "a barn",
        "negative_prompt": "fog",
        "num_inference_steps": 30,
        "guidance_scale": 7.5,
        "seed": 812,
        "width": 512,
        "height": 640,
        "scheduler": "DPM++ 2M Karras",
        "checkpoint": "dreamshaper-8",
    }


def test_fooocus() -> None:
    program, read = foreign.parsed({"parameters": json.dumps(FOOOCUS)})
    assert program == "fooocus" and read.values == {
        "prompt": "a barn",
        "negative_prompt": "fog",
        "num_inference_steps": 30,
        "guidance_scale": 4.0,
        "seed": 2985,
        "width": 896,
        "height": 1152,
        "scheduler": "DPM++ 2M SDE Karras",
        "checkpoint": "dreamshaper-8",
    }


def test_novelai() -> None:
    said = {"Title": "AI", "Description": "a barn", "Source": "Stable Diffusion F1022A28", "Comment": json.dumps(NOVEL)}
    program, read = foreign.parsed(said)
    assert program == "novelai" and read.values == {
        "prompt": "a barn",
        "negative_prompt": "fog",
        "num_inference_steps": 28,
        "guidance_scale": 11.0,
        "seed": 4,
        "width": 512,
        "height": 768,
        "scheduler": "Euler a",
    }
    assert read.unknown["model"] == "Stable Diffusion"


def test_texts_of_a1111_are_left_to_our_own_reader() -> None:
    assert foreign.parsed({"parameters": "a\nSteps: 20, Sampler: Euler, CFG scale: 7, Seed: 1"}) is None


CHAIN = {str(node): {"class_type": "A", "inputs": {"text": "x", "model": [str(node + 1), 0]}} for node in range(400)}
SAMPLERS = {f"s{n}": {"class_type": "K", "inputs": SEEDED["3"]["inputs"] | {"positive": ["0", 0]}} for n in range(99)}


@pytest.mark.parametrize(
    "graph",
    [
        CHAIN | SAMPLERS,
        {str(n): GRAPH["3"] for n in range(5000)},
        {"3": GRAPH["3"] | {"inputs": 5}},
        {"3": {"class_type": [], "inputs": {"steps": {}, "cfg": [], "sampler_name": {}}}},
        [1, 2],
        {"3": None},
        5,
    ],
)
def test_a_hostile_graph_costs_little_and_raises_nothing(graph: object) -> None:
    begin = time.thread_time()
    foreign.parsed({"prompt": json.dumps(graph), "workflow": json.dumps({"links": LINKS})})
    foreign.parsed({"prompt": json.dumps(graph)})
    assert time.thread_time() - begin < 3
