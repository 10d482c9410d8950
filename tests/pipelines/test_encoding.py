"""Prompts to embeddings: diffusers' own numbers for plain ones, compel's for weights, and no run too many."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from compel import Compel, ReturnedEmbeddingsType
from compel.embeddings_provider import SplitLongTextMode
from diffusers import DiffusionPipeline
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from studio.errors import InvalidField
from studio.pipelines.embedding_vectors import Embedding
from studio.pipelines.encoding import Encodings, encode
from studio.requests import TextToImage
from tests import tiny
from tests.embedding_files import vectors

FAMILIES = ("sd1", "sd2", "sdxl", "sd3")
NAMES = ("prompt_embeds", "negative_prompt_embeds", "pooled_prompt_embeds", "negative_pooled_prompt_embeds")
PLAIN = ("a red house in the snow", "Wow!!! 2 cats, a \u202ered 🧑‍🚀, never) opened", "", "雪の家")
LONG = "a red house in the snow and a blue cat on the grass at night " * 12
Pipes = Callable[[str], DiffusionPipeline]


@pytest.fixture(scope="module")
def pipes(tmp_path_factory: pytest.TempPathFactory) -> Pipes:
    """A pipeline of each family, made when it is first asked for."""
    folder, made = tmp_path_factory.mktemp("checkpoints"), {}

    def pipe(family: str) -> DiffusionPipeline:
        if family not in made:
            made[family] = DiffusionPipeline.from_pretrained(tiny.WRITERS[family](folder / family, 0))
            made[family].set_progress_bar_config(disable=True)
        return made[family]

    return pipe


@pytest.fixture
def sd1(pipes: Pipes) -> DiffusionPipeline:
    return pipes("sd1")


@pytest.fixture
def sdxl(pipes: Pipes) -> DiffusionPipeline:
    return pipes("sdxl")


@pytest.fixture
def sd3(pipes: Pipes) -> DiffusionPipeline:
    return pipes("sd3")


def bare(pipe: DiffusionPipeline, prompt: str, negative_prompt: str, **how: object) -> dict[str, Tensor]:
    """What diffusers makes of the prompts itself."""
    more = {"prompt_2": None, "prompt_3": None} if hasattr(pipe, "text_encoder_3") else {}
    with torch.no_grad():
        found = pipe.encode_prompt(
            prompt,
            **more,
            device=torch.device("cpu"),
            num_images_per_prompt=1,
            do_classifier_free_guidance=True,
            negative_prompt=negative_prompt or None,
            **how,
        )
    return dict(zip(NAMES, found, strict=False))


def same(some: dict[str, Tensor], others: dict[str, Tensor]) -> bool:
    return list(some) != [] and set(some) == set(others) and all(torch.equal(some[name], others[name]) for name in some)


@contextmanager
def forwards(pipe: DiffusionPipeline) -> Iterator[list[Tensor]]:
    """The ids that text encoders are run with, one tensor a run."""
    runs: list[Tensor] = []
    encoders = [part for name, part in pipe.components.items() if name.startswith("text_encoder") and part]
    hooks = [encoder.register_forward_pre_hook(lambda _, given: runs.append(given[0])) for encoder in encoders]
    yield runs
    for hook in hooks:
        hook.remove()


@pytest.mark.parametrize("negative_prompt", ["", "ugly, blurred!"])
@pytest.mark.parametrize("prompt", PLAIN)
@pytest.mark.parametrize("family", FAMILIES)
def test_plain_prompts_give_diffusers_numbers_to_the_bit(
    pipes: Pipes, family: str, prompt: str, negative_prompt: str
) -> None:
    pipe = pipes(family)
    assert same(encode(pipe, prompt, negative_prompt), bare(pipe, prompt, negative_prompt))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("family", FAMILIES)
def test_halved_precision_gives_diffusers_numbers_too(tmp_path: Path, family: str, dtype: torch.dtype) -> None:
    pipe = DiffusionPipeline.from_pretrained(tiny.WRITERS[family](tmp_path, 0), dtype=dtype)
    found = encode(pipe, "a red house", "night")
    assert same(found, bare(pipe, "a red house", "night"))
    assert {part.dtype for part in found.values()} == {dtype}


@pytest.mark.parametrize("guidance_scale", [1.0, 4.0])
@pytest.mark.parametrize("negative_prompt", ["", "a blue cat"])
@pytest.mark.parametrize("family", FAMILIES)
def test_plain_pictures_are_bare_diffusers(
    pipes: Pipes, family: str, negative_prompt: str, guidance_scale: float
) -> None:
    pipe = pipes(family)

    def picture(**words: object) -> bytes:
        how = {"width": 64, "height": 64, "num_inference_steps": 2, "output_type": "np"}
        seed = torch.Generator().manual_seed(0)
        return pipe(**words, **how, guidance_scale=guidance_scale, generator=seed).images.tobytes()

    words = encode(pipe, "a red house", negative_prompt, guided=guidance_scale > 1)
    assert picture(**words) == picture(prompt="a red house", negative_prompt=negative_prompt or None)
    assert picture(**words) != picture(prompt="a blue cat on the grass")


@pytest.mark.parametrize("family", FAMILIES)
def test_without_guidance_there_is_no_negative_prompt(pipes: Pipes, family: str) -> None:
    with forwards(pipes(family)) as runs:
        found = encode(pipes(family), "a red house", "night", guided=False)
    assert set(found) <= {"prompt_embeds", "pooled_prompt_embeds"}
    assert len(runs) == {"sd1": 1, "sd2": 1, "sdxl": 2, "sd3": 3}[family]


def test_sdxl_s_empty_negative_prompt_is_zero_only_if_its_config_says_so(sdxl: DiffusionPipeline) -> None:
    assert not encode(sdxl, LONG, " ")["negative_prompt_embeds"].any()
    other = type(sdxl)(**sdxl.components, force_zeros_for_empty_prompt=False)
    assert same(encode(other, "a cat", ""), bare(other, "a cat", ""))
    assert encode(other, "a cat", "")["negative_prompt_embeds"].any()


def compel(pipe: DiffusionPipeline, prompt: str) -> Tensor:
    """What compel makes of the prompt for this class, cutting chunks where they are full."""
    how = {"truncate_long_prompts": False, "split_long_text_mode": SplitLongTextMode.BRUTAL}
    readers = [(pipe.tokenizer, pipe.text_encoder)]
    if hasattr(pipe, "text_encoder_2"):
        readers.append((pipe.tokenizer_2, pipe.text_encoder_2))
        how["returned_embeddings_type"] = ReturnedEmbeddingsType.PENULTIMATE_HIDDEN_STATES_NON_NORMALIZED
    with torch.no_grad():
        return torch.cat([Compel(*reader, **how)(prompt) for reader in readers], dim=-1)


@st.composite
def weighted_prompts(draw: st.DrawFn) -> tuple[str, str]:
    """A prompt in our grammar and in compel's; no commas, since they would cut our chunks."""
    word = st.sampled_from(["red", "a blue cat", "snow in the night", "on the grass " * 9])
    parts = draw(st.lists(st.tuples(word, st.sampled_from([None, 1.0, 1.1, 1.5, 2.25])), min_size=1, max_size=12))
    ours = [text if weight is None else f"({text}:{weight})" for text, weight in parts]
    theirs = [text if weight is None else f"({text}){weight}" for text, weight in parts]
    return " ".join(ours), " ".join(theirs)


@pytest.mark.parametrize("family", ["sd1", "sdxl"])
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(prompts=weighted_prompts())
def test_weights_and_chunks_equal_compel_s(pipes: Pipes, family: str, prompts: tuple[str, str]) -> None:
    ours, theirs = prompts
    found = encode(pipes(family), ours, "", guided=False)["prompt_embeds"]
    reference = compel(pipes(family), theirs)
    assert found.shape == reference.shape
    assert (found - reference).abs().max() < 1e-5


@pytest.mark.parametrize("family", ["sdxl", "sd3"])
def test_what_is_said_of_the_whole_has_no_weights(pipes: Pipes, family: str) -> None:
    """compel's cannot be a reference: it takes its own marks for words there."""
    found = encode(pipes(family), LONG.replace("red", "(red:1.5)"), "")
    assert torch.equal(found["pooled_prompt_embeds"], bare(pipes(family), LONG, "")["pooled_prompt_embeds"])


def states(encoder: nn.Module, ids: list[int], pad: int) -> Tensor:
    """The last hidden states of one chunk, given all its ids."""
    row = torch.tensor([ids + [pad] * (77 - len(ids))])
    with torch.no_grad():
        return encoder(row).last_hidden_state[0]


def by_hand(pipe: DiffusionPipeline, chunks: list[list[tuple[str, float]]]) -> Tensor:
    """The embeddings of Stable Diffusion 1 for chunks of (text, weight)."""
    read, rows = pipe.tokenizer, []
    start, end = read.bos_token_id, read.eos_token_id
    empty = states(pipe.text_encoder, [start, end], read.pad_token_id)
    for chunk in chunks:
        pieces = [(read(text, add_special_tokens=False).input_ids, weight) for text, weight in chunk]
        ids = [start, *(id for found, _ in pieces for id in found), end]
        found = states(pipe.text_encoder, ids, read.pad_token_id)
        place = 1
        for own, weight in pieces:
            for index in range(place, place + len(own)):
                found[index] = empty[index] * (1 - weight) + found[index] * weight
            place += len(own)
        rows.append(found)
    return torch.cat(rows)[None]


@pytest.mark.parametrize("weight", [0.1, 0.5, 0.9, 1.7])
def test_weights_move_tokens_from_the_empty_prompt_s(sd1: DiffusionPipeline, weight: float) -> None:
    found = encode(sd1, f"a (red:{weight}) house", "(night:0.3)")
    positive = by_hand(sd1, [[("a", 1), ("red", weight), ("house", 1)]])
    assert torch.allclose(found["prompt_embeds"], positive, atol=1e-5)
    assert torch.allclose(found["negative_prompt_embeds"], by_hand(sd1, [[("night", 0.3)]]), atol=1e-5)


def test_tokens_of_weight_one_keep_their_bits_beside_weighted_ones(sd1: DiffusionPipeline) -> None:
    plain, found = (encode(sd1, f"a {red} house", "")["prompt_embeds"][0] for red in ("red", "(red:1.5)"))
    differ = (plain != found).any(dim=-1).nonzero().flatten().tolist()
    assert differ == [2]


def test_break_begins_a_chunk_and_the_shorter_prompt_is_filled_up(sd1: DiffusionPipeline) -> None:
    found = encode(sd1, "a red BREAK (house:1.2) BREAK snow", "night")
    positive = by_hand(sd1, [[("a red", 1)], [("house", 1.2)], [("snow", 1)]])
    assert torch.allclose(found["prompt_embeds"], positive, atol=1e-5)
    assert torch.allclose(found["negative_prompt_embeds"], by_hand(sd1, [[("night", 1)], [], []]), atol=1e-5)
    turned = encode(sd1, "night", "a red BREAK (house:1.2) BREAK snow")
    assert torch.equal(turned["prompt_embeds"], found["negative_prompt_embeds"])


def test_a_full_chunk_ends_after_its_last_comma(sd1: DiffusionPipeline) -> None:
    found = encode(sd1, "red " * 60 + ", blue cat " + "snow " * 20, "")
    by_comma = by_hand(sd1, [[("red " * 60 + ",", 1)], [("blue cat " + "snow " * 20, 1)]])
    assert torch.allclose(found["prompt_embeds"], by_comma, atol=1e-5)


@pytest.mark.parametrize("family", ["sdxl", "sd3"])
def test_what_is_said_of_the_whole_is_said_of_the_first_chunk(pipes: Pipes, family: str) -> None:
    first = encode(pipes(family), "a red house", "")["pooled_prompt_embeds"]
    assert torch.equal(encode(pipes(family), "a red house BREAK snow", "night")["pooled_prompt_embeds"], first)


def test_signs_that_only_one_tokenizer_merges_do_not_part_the_encoders(sdxl: DiffusionPipeline) -> None:
    found = encode(sdxl, "wow" + "!" * 500, "")
    assert found["prompt_embeds"].shape == found["negative_prompt_embeds"].shape
    assert found["prompt_embeds"].shape[1] % 77 == 0


@pytest.mark.parametrize("skip", [0, 1, 2])
def test_clip_skip_leaves_out_layers_but_not_the_norm(sd1: DiffusionPipeline, skip: int) -> None:
    found = encode(sd1, "a red house", "night", clip_skip=skip)
    for name, text in {"prompt_embeds": "a red house", "negative_prompt_embeds": "night"}.items():
        ids = sd1.tokenizer(text, padding="max_length", max_length=77, return_tensors="pt").input_ids
        with torch.no_grad():
            hidden = sd1.text_encoder(ids, output_hidden_states=True).hidden_states[2 - skip]
            assert torch.equal(found[name], sd1.text_encoder.final_layer_norm(hidden))


@pytest.mark.parametrize("family", ["sdxl", "sd3"])
def test_clip_skip_is_diffusers_own_where_that_works(pipes: Pipes, family: str) -> None:
    pipe = pipes(family)
    found = encode(pipe, "a red house", "night", clip_skip=1)
    assert same(found, bare(pipe, "a red house", "night", clip_skip=1))
    assert not same(found, encode(pipe, "a red house", "night"))


@pytest.mark.parametrize(("family", "most"), [("sd1", 2), ("sdxl", 1), ("sd3", 1)])
def test_clip_skip_past_the_first_layer_is_refused(pipes: Pipes, family: str, most: int) -> None:
    encode(pipes(family), "a cat", "", clip_skip=most)
    with pytest.raises(InvalidField, match=rf"^Clip skip: .*can leave out {most} .*{most + 1} are too many"):
        encode(pipes(family), "a cat", "", clip_skip=most + 1)


def test_prompts_of_too_many_chunks_are_refused_by_name(sd1: DiffusionPipeline) -> None:
    with pytest.raises(
        InvalidField, match=r"^Negative prompt: 1001 chunks of 75 tokens are more than 600\. "
    ) as caught:
        encode(sd1, "a cat", "BREAK " * 1_000 + "a")
    assert caught.value.field == "negative_prompt"


def test_ten_thousand_letters_are_not_too_many(sd1: DiffusionPipeline) -> None:
    with forwards(sd1) as runs:
        found = encode(sd1, "x" * 10_000, "", guided=False)
    assert found["prompt_embeds"].shape == (1, 134 * 77, tiny.WIDTH)
    assert len(runs) == 2  # equal chunks are read once


def without_t5(pipe: DiffusionPipeline) -> DiffusionPipeline:
    return type(pipe)(**pipe.components | {"text_encoder_3": None, "tokenizer_3": None})


def test_left_out_t5_is_zeros_as_in_diffusers(sd3: DiffusionPipeline) -> None:
    pipe = without_t5(sd3)
    found = encode(pipe, "a red house", "night")
    assert same(found, bare(pipe, "a red house", "night"))
    assert not found["prompt_embeds"][:, 77:].any()
    longer = encode(pipe, "a red house BREAK snow", "night")
    assert longer["prompt_embeds"].shape == longer["negative_prompt_embeds"].shape == (1, 2 * 77 + 256, tiny.WIDTH * 4)


def test_t5_reads_long_prompts_in_chunks_of_its_own(sd3: DiffusionPipeline) -> None:
    read = sd3.tokenizer_3
    ids = read(LONG, add_special_tokens=False).input_ids
    chunks = [[*ids[start : start + 255], read.eos_token_id] for start in range(0, len(ids), 255)]
    rows = [torch.tensor([chunk + [read.pad_token_id] * (256 - len(chunk))]) for chunk in chunks]
    with torch.no_grad():
        reference = torch.cat([sd3.text_encoder_3(row)[0] for row in rows], dim=1)
    found = encode(sd3, LONG, "night")
    assert len(chunks) > 2
    assert torch.equal(found["prompt_embeds"][:, -reference.shape[1] :], reference)
    assert found["prompt_embeds"].shape == found["negative_prompt_embeds"].shape


def test_t5_s_tokens_are_weighted_too(sd3: DiffusionPipeline) -> None:
    plain, weighted, empty = (encode(sd3, text, "")["prompt_embeds"][0, 77:] for text in ("a cat", "a (cat:1.5)", ""))
    moved = (plain != weighted).any(dim=-1)
    assert moved.any() and not moved.all()
    assert torch.allclose(weighted[moved], empty[moved] + (plain[moved] - empty[moved]) * 1.5, atol=1e-5)


def asked(checkpoint: str, prompt: str, negative_prompt: str, *, clip_skip: int, guided: bool) -> TextToImage:
    words = {"prompt": prompt, "negative_prompt": negative_prompt}
    return TextToImage(checkpoint=checkpoint, **words, clip_skip=clip_skip, guidance_scale=4.0 if guided else 1.0)


@pytest.mark.parametrize("family", FAMILIES)
def test_another_seed_runs_no_encoder(pipes: Pipes, family: str) -> None:
    pipe, kept = pipes(family), Encodings()
    prompts = (LONG + "(snow:1.3)", "night BREAK cat")
    first = kept.of(pipe, asked("one", *prompts, clip_skip=0, guided=True))
    with forwards(pipe) as runs:
        again = kept.of(pipe, asked("one", *prompts, clip_skip=0, guided=True))
    assert runs == []
    assert same(first, again)
    assert same(first, encode(pipe, *prompts))


@pytest.mark.parametrize("changed", [("a blue cat", "night"), ("a red house", "snow")])
def test_changing_one_prompt_encodes_that_one_alone(sd1: DiffusionPipeline, changed: tuple[str, str]) -> None:
    kept = Encodings()
    kept.of(sd1, asked("one", "a red house", "night", clip_skip=0, guided=True))
    with forwards(sd1) as runs:
        kept.of(sd1, asked("one", *changed, clip_skip=0, guided=True))
    assert len(runs) == 1


def test_checkpoints_and_clip_skips_are_kept_apart(sd1: DiffusionPipeline) -> None:
    kept = Encodings()
    kept.of(sd1, asked("one", "a red house", "", clip_skip=0, guided=True))
    with forwards(sd1) as runs:
        kept.of(sd1, asked("two", "a red house", "", clip_skip=0, guided=True))
        kept.of(sd1, asked("two", "a red house", "", clip_skip=1, guided=True))
    assert len(runs) == 4


def test_forgetting_a_checkpoint_keeps_the_others(sd1: DiffusionPipeline) -> None:
    kept = Encodings()
    for checkpoint in ("one", "two"):
        kept.of(sd1, asked(checkpoint, "a red house", "night", clip_skip=0, guided=True))
    kept.forget("one")
    with forwards(sd1) as runs:
        kept.of(sd1, asked("two", "a red house", "night", clip_skip=0, guided=True))
        assert runs == []
        kept.of(sd1, asked("one", "a red house", "night", clip_skip=0, guided=True))
    assert len(runs) == 2


def test_the_least_recently_used_leave_first(sd1: DiffusionPipeline) -> None:
    size = 77 * tiny.WIDTH * 4
    kept = Encodings(budget_bytes=2 * size)
    for prompt in ("one", "two", "one", "three"):
        kept.of(sd1, asked("one", prompt, "", clip_skip=0, guided=False))
    assert kept.size_bytes() == 2 * size
    with forwards(sd1) as runs:
        kept.of(sd1, asked("one", "one", "", clip_skip=0, guided=False))
        assert runs == []
        kept.of(sd1, asked("one", "two", "", clip_skip=0, guided=False))
    assert len(runs) == 1


def test_a_prompt_larger_than_the_budget_is_encoded_all_the_same(sd1: DiffusionPipeline) -> None:
    kept = Encodings(budget_bytes=10)
    assert same(kept.of(sd1, asked("one", "a cat", "", clip_skip=0, guided=True)), encode(sd1, "a cat", ""))
    assert kept.size_bytes() == 0


def test_no_graph_is_kept(sd1: DiffusionPipeline) -> None:
    assert not any(part.requires_grad for part in encode(sd1, "a (cat:1.2)", "").values())


def test_a_text_encoder_that_hears_something_else_is_another(sd1: DiffusionPipeline) -> None:
    kept = Encodings()
    kept.of(sd1, asked("one", "a red house", "", clip_skip=0, guided=False))
    kept.hear("one", ("ink", 0.8))
    with forwards(sd1) as runs:
        kept.of(sd1, asked("one", "a red house", "", clip_skip=0, guided=False))
        kept.hear("one", ())
        kept.of(sd1, asked("one", "a red house", "", clip_skip=0, guided=False))
    assert len(runs) == 1


def made_up(pipe: DiffusionPipeline, name: str = "made up", count: int = 3, seed: int = 0) -> Embedding:
    """An embedding for the text encoders of the pipeline."""
    encoders = (getattr(pipe, part, None) for part in ("text_encoder", "text_encoder_2"))
    widths = [encoder.config.hidden_size for encoder in encoders if encoder is not None]
    return Embedding(name, tuple(vectors(count, width, seed) for width in widths), ((name, seed, count),))


@pytest.mark.parametrize("family", ["sd1", "sd2", "sdxl"])
def test_the_name_of_an_embedding_is_read_as_diffusers_reads_it(tmp_path: Path, family: str) -> None:
    pipe = DiffusionPipeline.from_pretrained(tiny.WRITERS[family](tmp_path / family, 0))
    one, texts = made_up(pipe), ("a red house, {} at night", "a {}")
    ours = encode(pipe, *(text.format("Made  Up") for text in texts), embeddings=[one])
    for end, some in zip(("", "_2"), one.vectors, strict=False):
        parts = {name: getattr(pipe, f"{name}{end}") for name in ("tokenizer", "text_encoder")}
        pipe.load_textual_inversion({"<made>": some}, token="<made>", **parts)
    assert same(ours, bare(pipe, *(text.format("<made>") for text in texts)))


@pytest.mark.parametrize("family", ["sd1", "sdxl"])
def test_tokenizers_and_encoders_stay_as_they_are(pipes: Pipes, family: str) -> None:
    pipe = pipes(family)
    before, size = encode(pipe, "a made up house", "night"), len(pipe.tokenizer)
    weights = pipe.text_encoder.get_input_embeddings().weight.clone()
    with_it = encode(pipe, "a made up house", "night", embeddings=[made_up(pipe)])
    assert not torch.equal(with_it["prompt_embeds"], before["prompt_embeds"])
    assert same(encode(pipe, "a made up house", "night"), before)
    assert len(pipe.tokenizer) == size
    assert torch.equal(pipe.text_encoder.get_input_embeddings().weight, weights)
    assert not pipe.text_encoder.get_input_embeddings()._forward_hooks


def test_an_encoder_that_fails_keeps_no_vectors(sd1: DiffusionPipeline) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    before = encode(sd1, "a made up house", "")
    layer = next(module for name, module in sd1.text_encoder.named_modules() if name.endswith("layers.1"))
    hook = layer.register_forward_pre_hook(fail)
    with pytest.raises(MemoryError):
        encode(sd1, "a made up house", "", embeddings=[made_up(sd1)])
    hook.remove()
    assert same(encode(sd1, "a made up house", ""), before)


def test_the_vectors_of_an_embedding_are_weighed_like_words(sd1: DiffusionPipeline) -> None:
    texts, one = ("a made up", "a (made up:1.5)", ""), made_up(sd1)
    plain, weighted, empty = (encode(sd1, text, "", embeddings=[one])["prompt_embeds"][0] for text in texts)
    moved = (plain != weighted).any(dim=-1)
    assert moved.nonzero().flatten().tolist() == [2, 3, 4]
    assert torch.allclose(weighted[moved], empty[moved] + (plain[moved] - empty[moved]) * 1.5, atol=1e-5)


def test_one_embedding_is_told_from_another(sd1: DiffusionPipeline) -> None:
    both = [made_up(sd1, "made up", seed=1), made_up(sd1, "other", 2, seed=2)]
    first, second, alone = (
        encode(sd1, "a", "other, made up", embeddings=some)["negative_prompt_embeds"]
        for some in (both, both[::-1], both[:1])
    )
    assert torch.equal(first, second) and not torch.equal(first, alone)


def test_what_is_kept_of_an_embedding_goes_with_its_file(sd1: DiffusionPipeline) -> None:
    kept, request = Encodings(), asked("one", "a made up house", "", clip_skip=0, guided=False)
    plain = kept.of(sd1, request)
    first = kept.of(sd1, request, [made_up(sd1, seed=1)])
    changed = kept.of(sd1, request, [made_up(sd1, seed=2)])
    assert len({tuple(found["prompt_embeds"].flatten().tolist()) for found in (plain, first, changed)}) == 3
    with forwards(sd1) as runs:
        assert same(kept.of(sd1, request), plain)
        assert same(kept.of(sd1, request, [made_up(sd1, seed=1)]), first)
    assert runs == []


def test_a_prompt_without_its_name_knows_nothing_of_an_embedding(sd1: DiffusionPipeline) -> None:
    kept, request = Encodings(), asked("one", "a red house", "made up", clip_skip=0, guided=True)
    kept.of(sd1, request)
    with forwards(sd1) as runs:
        kept.of(sd1, request, [made_up(sd1)])
    assert len(runs) == 1
