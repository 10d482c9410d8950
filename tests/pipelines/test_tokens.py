"""Chunks of tokens: where they are cut, and that counting them needs no text encoder to come out the same."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from itertools import accumulate
from pathlib import Path

import pytest
from diffusers import StableDiffusionPipeline
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer
from transformers import CLIPTokenizer

from studio.errors import LoadError
from studio.pipelines import tokens
from studio.pipelines.encoding import encode
from studio.pipelines.tokens import Count, chunks, count
from studio.storybook.tokenizer import END, START, make
from tests import tiny

TEXTS = st.text(st.sampled_from("a b!'.,0") | st.characters(exclude_categories=["Cs"]), max_size=40)
# Long ones too: words by the dozen, among all that the grammar knows.
PARTS = st.sampled_from(
    ["red house ", "a, ", "(", ")", "[", "]", ":1.3)", "BREAK", " BREAK ", "\\(", "🧑‍🚀 ", "snow " * 40]
)
PROMPTS = st.lists(PARTS | TEXTS, max_size=30).map("".join)


def letters(text: str) -> tuple[Sequence[int], Sequence[tuple[int, int]]]:
    """A tokenizer for which each sign but a space is a token, its code the id."""
    places = [place for place, sign in enumerate(text) if sign != " "]
    return [ord(text[place]) for place in places], [(place, place + 1) for place in places]


def texts(prompt: str, room: int = 75) -> list[str]:
    return ["".join(map(chr, chunk.ids)) for chunk in chunks(prompt, letters, room)]


def saved_as_json(folder: Path) -> None:
    make(["a red house", "snow"]).save_pretrained(folder)


def saved_as_two_files(folder: Path) -> None:
    """As the first checkpoints lie on the hub."""
    make(["a red house", "snow"]).save_pretrained(folder)
    model = json.loads((folder / "tokenizer.json").read_text("utf-8"))["model"]
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.json").write_text(json.dumps(model["vocab"]), "utf-8")
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]]
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges]) + "\n", "utf-8")
    special = {"lstrip": False, "normalized": True, "rstrip": False, "single_word": False}
    start, end = {"content": START, **special}, {"content": END, **special}
    names = {"bos_token": start, "eos_token": end, "unk_token": end, "pad_token": END}
    (folder / "special_tokens_map.json").write_text(json.dumps(names), "utf-8")
    rows = {f"{name}_token": {"__type": "AddedToken", **names[f"{name}_token"]} for name in ("bos", "eos", "unk")}
    config = {"model_max_length": 77, "pad_token": END, "tokenizer_class": "CLIPTokenizer", **rows}
    (folder / "tokenizer_config.json").write_text(json.dumps(config), "utf-8")


def saved_with_a_sign_for_padding(folder: Path) -> None:
    """As the second encoder of SDXL has it."""
    saved_as_two_files(folder)
    config = json.loads((folder / "tokenizer_config.json").read_text("utf-8"))
    rows = {"0": "!", "872": START, "873": END}
    special = {"lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": True}
    config |= {"pad_token": "!", "added_tokens_decoder": {id: {"content": rows[id], **special} for id in rows}}
    vocabulary = json.loads((folder / "vocab.json").read_text("utf-8"))
    config["added_tokens_decoder"] = {
        str(vocabulary[row["content"]]): row for row in config["added_tokens_decoder"].values()
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config), "utf-8")


@pytest.fixture(
    scope="module",
    params=[saved_as_json, saved_as_two_files, saved_with_a_sign_for_padding],
    ids=lambda write: write.__name__,
)
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Tokenizer, CLIPTokenizer]:
    """Our tokenizer and transformers', of one folder."""
    folder = tmp_path_factory.mktemp("tokenizer")
    request.param(folder)
    return tokens.tokenizer(folder), CLIPTokenizer.from_pretrained(folder)


@settings(deadline=None, max_examples=200)
@given(text=TEXTS | st.sampled_from([START, END.upper(), f"a{END}!", "WOW!!!", "don't", "e\u0301"]))
def test_tokens_are_those_of_transformers(both: tuple[Tokenizer, CLIPTokenizer], text: str) -> None:
    ours, theirs = both
    found = theirs(text, add_special_tokens=False, return_offsets_mapping=True)
    assert ours.encode(text, add_special_tokens=False).ids == found.input_ids
    assert ours.encode(text, add_special_tokens=False).offsets == found.offset_mapping


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.sd1(tmp_path_factory.mktemp("checkpoints") / "sd1", 0)


@pytest.fixture(scope="module")
def pipe(folder: Path) -> StableDiffusionPipeline:
    return StableDiffusionPipeline.from_pretrained(folder)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(prompt=PROMPTS)
def test_counts_are_what_the_text_encoder_reads(folder: Path, pipe: StableDiffusionPipeline, prompt: str) -> None:
    rows: list[list[int]] = []
    hook = pipe.text_encoder.register_forward_pre_hook(lambda _, given: rows.append(given[0][0].tolist()))
    embeds = encode(pipe, prompt, "", guided=False)["prompt_embeds"]
    hook.remove()
    own = tokens.tokenizer(folder / "tokenizer")

    def tokenize(text: str) -> tuple[Sequence[int], Sequence[tuple[int, int]]]:
        found = own.encode(text, add_special_tokens=False)
        return found.ids, found.offsets

    cut = chunks(prompt, tokenize)
    ends = tuple(chunk.end for chunk in cut)
    assert count(folder, prompt) == Count(sum(len(chunk.ids) for chunk in cut), len(cut), ends)
    assert len(cut) == embeds.shape[1] // 77
    # Chunks that are equal are read once, and beside weighted ones the empty one.
    read = {tuple(row[1 : row.index(pipe.tokenizer.eos_token_id)]) for row in rows}
    assert read - {()} == {chunk.ids for chunk in cut} - {()}
    assert list(ends) == sorted(ends) and all(0 <= end <= len(prompt) for end in ends)


def test_a_full_chunk_is_cut_where_it_is_full() -> None:
    assert texts("a" * 200) == ["a" * 75, "a" * 75, "a" * 50]
    assert texts("a" * 75) == ["a" * 75]
    assert texts("") == [""]


@pytest.mark.parametrize(
    ("prompt", "first"),
    [
        ("a" * 60 + "," + "b" * 30, "a" * 60 + ","),
        ("a" * 55 + "," + "b" * 30, "a" * 55 + ","),
        ("a" * 54 + "," + "b" * 30, "a" * 54 + "," + "b" * 20),
        ("a" * 56 + "," + "b" * 5 + "," + "c" * 30, "a" * 56 + "," + "b" * 5 + ","),
        ("a" * 60 + "," + "b" * 14 + ",c", "a" * 60 + "," + "b" * 14),
        ("a" * 60 + "," + "b" * 14, "a" * 60 + "," + "b" * 14),
    ],
)
def test_a_comma_near_its_end_is_where_a_chunk_ends(prompt: str, first: str) -> None:
    """The last but one: what is full up to a comma cuts no phrase."""
    assert texts(prompt)[0] == first
    assert "".join(texts(prompt)) == prompt


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a BREAK b", ["a", "b"]),
        ("a BREAK BREAK b", ["a", "", "b"]),
        ("BREAK a", ["", "a"]),
        ("a BREAK ", ["a"]),
        ("BREAK", [""]),
        ("a" * 80 + " BREAK b", ["a" * 75, "a" * 5, "b"]),
        ("a" * 75 + " BREAK b", ["a" * 75, "b"]),
    ],
)
def test_break_ends_a_chunk(prompt: str, expected: list[str]) -> None:
    assert texts(prompt) == expected


def test_tokens_have_the_weights_of_their_pieces() -> None:
    (chunk,) = chunks("a (bc:1.5) [d:e", letters)
    assert chunk.weights == pytest.approx((1, 1.5, 1.5, 1 / 1.1, 1 / 1.1, 1 / 1.1))


@pytest.mark.parametrize(
    ("prompt", "ends"),
    [
        ("ab cd", [5]),
        ("ab (cd:1.3)", [6]),
        (r"ab \(cd\)", [9]),
        ("(ab:1.2) BREAK cd  ", [3, 17]),
        ("a" * 70 + r"\(((bb))cccc", [80, 82]),
        ("ab BREAK BREAK cd", [2, 9, 17]),
        ("", [0]),
    ],
)
def test_ends_are_places_in_the_prompt_as_it_is_typed(prompt: str, ends: list[int]) -> None:
    assert [chunk.end for chunk in chunks(prompt, letters)] == ends


def test_three_hundred_words_are_counted_in_five_milliseconds(folder: Path) -> None:
    prompt = "a (red:1.2) house and a blue cat in the snow, " * 30
    count(folder, prompt)

    def seconds(run: Callable[[], Count]) -> float:
        started = time.process_time()
        run()
        return time.process_time() - started

    assert min(seconds(lambda: count(folder, prompt)) for _ in range(20)) < 0.005


def test_counting_needs_no_torch(folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from studio.pipelines.tokens import count; "
        f"print(count(Path({str(folder)!r}), 'a cat').chunks, 'torch' in sys.modules, "
        "'transformers' in sys.modules)"
    )
    root = Path(__file__).resolve().parents[2]
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert found.stdout.split() == ["1", "False", "False"]


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_text("{"), lambda path: path.write_text("[]")])
def test_tokenizers_that_cannot_be_read_are_named(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    saved_as_json(tmp_path / "tokenizer")
    damage(tmp_path / "tokenizer" / "tokenizer.json")
    with pytest.raises(LoadError, match=r"^Checkpoint: its tokenizer cannot be read: .* Fetch the checkpoint again\."):
        count(tmp_path, "a cat")


def test_the_bundled_checkpoint_is_counted() -> None:
    bundled = Path(__file__).resolve().parents[2] / "assets" / "storybook" / "base"
    found = count(bundled, "a red house in the snow")
    assert (found.chunks, found.ends) == (1, (23,))


@pytest.mark.parametrize(
    ("prompt", "ids"),
    [
        ("a ink b", [97, -1, -2, 98]),
        ("a INK, wet dog", [97, -1, -2, 44, -3, 100, 111, 103]),
        ("(ink:1.3)", [-1, -2]),
        ("inky", [105, 110, 107, 121]),
        ("pink", [112, 105, 110, 107]),
        ("ink-wet", [105, 110, 107, 45, 119, 101, 116]),
        ("wet  ink", [-4, -5]),
    ],
)
def test_a_name_takes_the_places_of_its_vectors(prompt: str, ids: list[int]) -> None:
    (chunk,) = chunks(prompt, letters, embeddings={"Ink": 2, "wet": 1, "wet ink": 2})
    assert list(chunk.ids) == ids


def test_vectors_have_the_weight_and_the_end_of_their_name() -> None:
    (chunk,) = chunks("a (ink:1.3)b", letters, embeddings={"ink": 2})
    assert (chunk.weights, chunk.end) == ((1, 1.3, 1.3, 1), 12)
    assert chunks("a ink", letters, embeddings={"ink": 2})[0].end == 5


@given(PROMPTS, st.dictionaries(st.sampled_from(["red", "house", "snow", "red house"]), st.integers(1, 75)))
def test_no_embedding_is_ever_cut_apart(prompt: str, embeddings: dict[str, int]) -> None:
    cut = chunks(prompt, letters, embeddings=embeddings)
    assert all(len(chunk.ids) <= 75 for chunk in cut)
    ends = [0, *accumulate(embeddings.values())]
    starts = {-1 - end for end in ends[:-1]}
    assert all(chunk.ids[0] in starts for chunk in cut if chunk.ids and chunk.ids[0] < 0)
    assert {id for chunk in cut for id in chunk.ids if id < 0} <= set(range(-ends[-1], 0))


@given(PROMPTS)
def test_embeddings_that_are_not_named_change_nothing(prompt: str) -> None:
    assert chunks(prompt, letters, embeddings={"inkish": 3}) == chunks(prompt, letters)


@pytest.mark.parametrize("name", ["İnk", "ſtraße", "a.b*", "x  y"])
def test_odd_names_are_found(name: str) -> None:
    assert tokens.named(f"a {name} b", [name]) == [tokens.folded(name)]
    assert tokens.named("s ss st strasse ink", [name]) in ([], [tokens.folded(name)])


def test_vectors_are_counted_as_they_are_typed(folder: Path) -> None:
    plain = count(folder, "a red house")
    assert count(folder, "a red house, made-up", {"made-up": 5}).tokens == plain.tokens + 1 + 5
