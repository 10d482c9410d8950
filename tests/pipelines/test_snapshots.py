"""Of all the files in a repository, those that a pipeline is loaded from."""

import pytest

from studio.pipelines import snapshots
from studio.pipelines.snapshots import HubFile, Snapshot

ETAG = "0" * 40


def files(*names: str) -> list[HubFile]:
    return [HubFile(name, 1, ETAG) for name in names]


def chosen(*names: str, variant: str = "fp16", left_out: tuple[str, ...] = ()) -> set[str]:
    return {file.name for file in snapshots.wanted(files(*names), variant, left_out)}


SHARDED = (
    "text_encoder_3/model.fp16-00001-of-00002.safetensors",
    "text_encoder_3/model.fp16-00002-of-00002.safetensors",
    "text_encoder_3/model.safetensors.index.fp16.json",
)
SHARDED_AS_ONCE = (
    "text_encoder_3/model-00001-of-00002.fp16.safetensors",
    "text_encoder_3/model-00002-of-00002.fp16.safetensors",
    "text_encoder_3/model.safetensors.index.fp16.json",
)
SHARDED_PLAIN = (
    "text_encoder_3/model-00001-of-00002.safetensors",
    "text_encoder_3/model-00002-of-00002.safetensors",
    "text_encoder_3/model.safetensors.index.json",
)


@pytest.mark.parametrize("half", [SHARDED, SHARDED_AS_ONCE], ids=["today", "as once"])
def test_shards_come_with_their_table_and_no_other(half: tuple[str, ...]) -> None:
    assert chosen(*half, *SHARDED_PLAIN) == set(half)
    assert chosen(*half, *SHARDED_PLAIN, variant="") == set(SHARDED_PLAIN)


def test_what_there_is_comes_if_the_wanted_variant_is_not_there() -> None:
    plain, half = "unet/diffusion_pytorch_model.safetensors", "unet/diffusion_pytorch_model.fp16.safetensors"
    other = "unet/diffusion_pytorch_model.non_ema.safetensors"
    assert chosen(plain, other) == {plain}
    assert chosen(half, other, variant="") == {half}
    assert chosen(other) == set()


def test_parts_left_out_do_not_come() -> None:
    names = (*SHARDED, "text_encoder_3/config.json", "tokenizer_3/spiece.model", "tokenizer/vocab.json")
    assert chosen(*names, left_out=("text_encoder_3", "tokenizer_3")) == {"tokenizer/vocab.json"}


@pytest.mark.parametrize(
    "name",
    [
        "unet/deeper/config.json",
        "unet/.hidden.json",
        "../config.json",
        "unet/../../config.json",
        "unet/diffusion_pytorch_model.bin",
        "unet/diffusion_pytorch_model.ckpt",
        "unet/pytorch_model.safetensors",
        "unet/flax_model.msgpack",
        "unet/modeling.py",
        "pipeline.py",
        "config.json",
        "onnx/config.json",
    ],
)
def test_nothing_else_comes(name: str) -> None:
    assert chosen(name) == set()


def test_a_text_of_gigabytes_is_none() -> None:
    assert snapshots.configs([HubFile("unet/config.json", 10**9, ETAG)]) == []


def test_networks_without_safetensors_are_named() -> None:
    names = ("unet/config.json", "vae/config.json", "vae/diffusion_pytorch_model.safetensors", "tokenizer/vocab.json")
    assert snapshots.bare_networks(files(*names)) == ["unet"]


def test_files_of_one_content_lie_once(tmp_path: object) -> None:
    snapshot = Snapshot(cache=tmp_path, repo="a/b", commit=ETAG)
    first, second = HubFile("tokenizer/vocab.json", 3, ETAG), HubFile("tokenizer_2/vocab.json", 3, ETAG)
    snapshot.blob(first).parent.mkdir(parents=True)
    snapshot.blob(first).write_bytes(b"abc")
    assert snapshot.missing_bytes(second) == 0 and not snapshot.has(second)
    for file in (first, second):
        snapshot.link(file)
        assert (snapshot.folder / file.name).read_bytes() == b"abc"
