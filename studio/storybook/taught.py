"""How often what a LoRA or a made-up word was taught is there: with it, with half of it, and without."""

from collections.abc import Callable

import numpy as np
import torch
from diffusers import StableDiffusionPipeline

from studio.storybook import clip, embedding, export, judge, lora
from studio.storybook.bundled import EMBEDDINGS, LORAS
from studio.storybook.captions import plain_caption, random_setting
from studio.storybook.data import UNSEEN, scenes
from studio.storybook.embedding import WORD
from studio.storybook.world import Mix, Thing

COUNT = 100
FIRST_SEED = UNSEEN + 150_000
SOME = Mix(two_things=0.0, looks=0.0)
SCALES = (1.0, 0.5, 0.0)
CPU = torch.device("cpu")

Figures = dict[str, float | int]


def blueprint(pipe: StableDiffusionPipeline) -> Figures:
    """Shares of 100 unseen scenes' words, which do not name it, that become blueprints, by their colours alone."""
    words = [plain_caption(scene) for scene in scenes(FIRST_SEED, COUNT, SOME)]
    pipe.load_lora_weights(LORAS, weight_name=lora.FILE, adapter_name=lora.LOOK)

    def share(scale: float) -> float:
        pipe.set_adapters(lora.LOOK, scale)
        return _percent([lora.is_blueprint(seen) for seen in export.paint(pipe, words)])

    figures = _at_each(share)
    pipe.unload_lora_weights()
    return figures


def lumiboat(pipe: StableDiffusionPipeline) -> Figures:
    """Shares of 100 unseen settings with the word that show its thing, in its colour and its look, by the judge.

    Half of it lies in the middle between its vectors and those that they began as.
    """
    some = scenes(FIRST_SEED, COUNT, SOME)
    words = [f"a {WORD} {random_setting(scene, index)}" for index, scene in enumerate(some)]
    taught = embedding.trained(CPU).vectors.detach()
    begun_as = embedding.begun_as(clip.trained(CPU).text_model)
    pipe.load_textual_inversion(EMBEDDINGS, weight_name=embedding.FILE)
    named = [WORD, f"{WORD}_1"]
    rows = pipe.tokenizer.convert_tokens_to_ids(named)

    def share(scale: float) -> float:
        if not scale:
            pipe.unload_textual_inversion(named)
        else:
            with torch.no_grad():
                pipe.text_encoder.get_input_embeddings().weight[rows] = begun_as.lerp(taught, scale)
        return _percent(_shows(export.paint(pipe, words)))

    return _at_each(share)


def _shows(made: np.ndarray) -> list[bool]:
    net, thing = judge.trained(CPU), Thing(kind=embedding.KIND, colour=embedding.COLOUR, x=0, y=0, height=1)
    opinions, looks = judge.opinions(net, made), judge.looks(net, made)
    return [
        judge.objects_right(there, [thing]) and judge.colours_right(named, [thing]) and look == embedding.LOOK
        for (there, named), look in zip(opinions, looks, strict=True)
    ]


def _at_each(share: Callable[[float], float]) -> Figures:
    return {**{f"at {scale:g}": share(scale) for scale in SCALES}, "prompts": COUNT}


def _percent(hits: list[bool]) -> float:
    return round(100 * float(np.mean(hits)), 1)
