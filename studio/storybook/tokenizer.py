"""The tokenizer: byte-pair encoding learnt from captions, in CLIP's own layout."""

import json
import string
from collections.abc import Iterable

from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import CLIPTokenizer

from studio.storybook.bundled import BASE
from studio.storybook.captions import random_caption
from studio.storybook.data import scenes
from studio.storybook.training import STATE
from studio.storybook.world import Mix

LONGEST = 77
MERGES = 600
START, END = "<|startoftext|>", "<|endoftext|>"


def trained() -> CLIPTokenizer:
    """The tokenizer in training, else the bundled one, else one learnt now and kept beside the other parts."""
    folder = STATE / "tokenizer"
    if not folder.exists() and (BASE / "tokenizer").exists():
        folder = BASE / "tokenizer"
    if not folder.exists():
        some = scenes(0, 20_000, Mix(two_things=0.5, looks=0.5))
        make(random_caption(scene, index) for index, scene in enumerate(some)).save_pretrained(folder)
    return CLIPTokenizer.from_pretrained(folder)


def make(captions: Iterable[str]) -> CLIPTokenizer:
    """A CLIP tokenizer of fewer than 1,200 entries; any text can be written in it, byte by byte if need be."""
    merges = _merges(captions)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    pieces = [*alphabet, *(f"{letter}</w>" for letter in alphabet), *("".join(pair) for pair in merges)]
    vocabulary = {piece: index for index, piece in enumerate(dict.fromkeys([*pieces, START, END]))}
    return CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=LONGEST)


def _merges(captions: Iterable[str]) -> list[tuple[str, str]]:
    """The learnt merges, most frequent first; single letters and digits stay as they are."""
    learner = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    learner.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.BpeTrainer(
        vocab_size=len(string.printable) * 2 + MERGES, end_of_word_suffix="</w>", show_progress=False
    )
    learner.train_from_iterator((caption.lower() for caption in captions), trainer)
    learnt = json.loads(learner.to_str())["model"]["merges"]
    return [tuple(pair) for pair in learnt]
