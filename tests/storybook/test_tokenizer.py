"""The tokenizer has CLIP's layout and writes any text."""

import pytest
from transformers import CLIPTokenizer

from studio.storybook import tokenizer
from studio.storybook.captions import random_caption
from studio.storybook.world import random_scene


@pytest.fixture(scope="module")
def made() -> CLIPTokenizer:
    return tokenizer.make(random_caption(random_scene(seed), seed) for seed in range(2000))


def test_it_is_small_and_ends_with_the_special_tokens(made: CLIPTokenizer) -> None:
    assert len(made) <= 2000
    assert (made.bos_token_id, made.eos_token_id) == (len(made) - 2, len(made) - 1)


def test_known_words_are_one_token_each(made: CLIPTokenizer) -> None:
    assert made.tokenize("a red house") == ["a</w>", "red</w>", "house</w>"]


@pytest.mark.parametrize("text", ["zebra", "Ünïcödé", "🙂", "x" * 50, ""])
def test_any_text_survives(made: CLIPTokenizer, text: str) -> None:
    ids = made(text).input_ids
    assert made.decode(ids, skip_special_tokens=True).replace(" ", "") == text.lower()


def test_pads_and_cuts_to_77(made: CLIPTokenizer) -> None:
    ids = made(["cat", "cat " * 200], padding="max_length", truncation=True).input_ids
    assert [len(row) for row in ids] == [77, 77]
