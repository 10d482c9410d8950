"""What the made-up word of the Storybook world is taught, and that diffusers reads what is written."""

from pathlib import Path

import torch
from diffusers import StableDiffusionPipeline

from studio.storybook import clip, embedding, unet
from studio.storybook.bundled import BASE
from studio.storybook.data import scenes
from studio.storybook.embedding import PLACE, WORD, Meaning

CPU = torch.device("cpu")


def test_only_the_vectors_are_taught() -> None:
    text_tower = clip.trained(CPU).text_model.requires_grad_(False)
    meaning = Meaning(torch.randn(2, clip.WIDTH))
    with embedding.meant(text_tower, meaning.vectors):
        text_tower(unet.tokens_of([f"a {PLACE} {PLACE} at night"]).long()).last_hidden_state.sum().backward()
    assert bool((meaning.vectors.grad != 0).any(1).all())


def test_words_without_a_place_mean_what_they_meant() -> None:
    text_tower = clip.trained(CPU).text_model
    tokens = unet.tokens_of(["a red house"]).long()
    before = text_tower(tokens).last_hidden_state
    with embedding.meant(text_tower, torch.randn(2, clip.WIDTH)):
        assert torch.equal(text_tower(tokens).last_hidden_state, before)
    assert torch.equal(text_tower(tokens).last_hidden_state, before)


def test_diffusers_says_the_written_word_as_it_was_taught(tmp_path: Path) -> None:
    meaning = embedding.trained(CPU) or Meaning(embedding.begun_as(clip.trained(CPU).text_model))
    embedding.export(tmp_path, meaning)
    pipe = StableDiffusionPipeline.from_pretrained(BASE, dtype=torch.float32)
    pipe.load_textual_inversion(tmp_path, weight_name=embedding.FILE)
    told, _ = pipe.encode_prompt(f"a {WORD} at night", CPU, 1, do_classifier_free_guidance=False)
    with embedding.meant(pipe.text_encoder, meaning.vectors):
        tokens = unet.tokens_of([f"a {PLACE} {PLACE} at night"]).long()
        wanted = pipe.text_encoder(tokens)[0]
    torch.testing.assert_close(told, wanted)


def test_it_is_taught_of_one_thing_in_one_colour_and_look() -> None:
    taught = embedding.taught_of(scenes(7, 200))
    assert taught and {(one.things[0].kind, one.things[0].colour, one.look) for one in taught} == {
        (embedding.KIND, embedding.COLOUR, embedding.LOOK)
    }
