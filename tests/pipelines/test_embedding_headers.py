"""Embedding files by their headers alone: how many vectors, how wide, and whose they are."""

import pytest

from studio.pipelines.embedding_headers import tell
from studio.pipelines.headers import Header


def header(**shapes: tuple[int, ...]) -> Header:
    return Header(shapes, {})


@pytest.mark.parametrize(
    ("family", "vectors", "made"),
    [
        ("sd1", 8, header(emb_params=(8, 768))),
        ("sd2", 1, header(emb_params=(1, 1024))),
        ("storybook", 2, header(lumiboat=(2, 128))),
        ("sd1", 1, header(cat_toy=(768,))),
        ("sdxl", 4, header(clip_l=(4, 768), clip_g=(4, 1280))),
        ("sdxl", 2, header(text_encoders_1=(2, 1280), text_encoders_0=(2, 768))),
        ("", 2, header(emb_params=(2, 32))),
        ("", 2, header(emb_params=(2, 2048))),
    ],
)
def test_the_family_is_told_by_the_widths(family: str, vectors: int, made: Header) -> None:
    told = tell(made)
    assert (told.family, told.vectors, told.problem) == (family, vectors, "")


def test_the_narrow_text_encoder_comes_first() -> None:
    told = tell(header(clip_g=(4, 1280), clip_l=(4, 768)))
    assert told.tensors == ("clip_l", "clip_g") and told.widths == (768, 1280)


@pytest.mark.parametrize(
    ("problem", "made"),
    [
        ("is no embedding: it holds 2 tensors, not one word.", header(cat=(1, 768), dog=(1, 768))),
        ("is no embedding: it holds no list of vectors.", header()),
        ("is no embedding: it holds no list of vectors.", header(emb_params=())),
        ("is no embedding: it holds no list of vectors.", header(emb_params=(0, 768))),
        ("is no embedding: it holds no list of vectors.", header(weight=(8, 4, 3, 3))),
        ("is damaged: its text encoders have different numbers of vectors.", header(clip_l=(1, 768), clip_g=(2, 1280))),
        ("is for Stable Diffusion 3, which takes none here.", header(clip_l=(1, 768), clip_g=(1, 1280), t5xxl=(1, 9))),
        ("has 76 vectors, but only 75 are read at once. Choose one of fewer", header(emb_params=(76, 768))),
    ],
)
def test_what_cannot_be_used_is_named(problem: str, made: Header) -> None:
    assert tell(made).problem.startswith(problem)


def test_as_many_vectors_as_are_read_at_once_will_do() -> None:
    assert tell(header(emb_params=(75, 768))).problem == ""
