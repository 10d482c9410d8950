"""Single networks: those that come along, those that are fetched once, and why one is not to be had."""

import io
import os
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from studio.config import Settings
from studio.errors import Cancelled, LoadError
from studio.pipelines import networks
from studio.pipelines.sources import PROJECT
from studio.results import Progress
from studio.vision import registry
from tests.fake_hub import Answer, FakeHub, Repository
from tests.online import Online, Outcome

REPO = "artist/clipseg-tiny"
WANTED = {
    "config.json": b'{"model_type": "clipseg"}',
    "preprocessor_config.json": b'{"size": 352}',
    "tokenizer.json": b'{"model": {}}',
    "vocab.json": b'{"a": 1}',
    "merges.txt": b"#version",
    "model.safetensors": b"weights" * 40_000,
}
UNWANTED = {"README.md": b"# CLIPSeg", "pytorch_model.bin": b"a pickle", "onnx/model.onnx": b"onnx"}


# A repository of many networks, each in a pickle.
MANY = "artist/annotators"
OTHERS = {"README.md": b"# Annotators", "other.pth": b"another" * 40_000, "config.json": b"{}"}


def pickled(content: object) -> bytes:
    file = io.BytesIO()
    torch.save(content, file)
    return file.getvalue()


class Evil:
    """Would make a folder when it is opened."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("canary",)


@pytest.fixture
def repositories() -> dict[str, Repository]:
    many = {"one.pth": pickled({"w": torch.ones(3)}), "two.pt": pickled({"v": torch.ones(2)}), **OTHERS}
    return {REPO: Repository(WANTED | UNWANTED), MANY: Repository(many)}


class Reports:
    """Takes reports where a network is fetched; leaves at the first of its bytes if it shall."""

    def __init__(self, *, leaves: bool = False) -> None:
        self.leaves = leaves

    def __call__(self, event: Progress) -> None:
        if event.phase != "downloading" or event.elapsed < 0 or event.step > event.steps:
            raise AssertionError(event)
        if self.leaves and event.step:
            raise Cancelled("left")


def folder(online: Online, settings: Settings, *, leaves: bool = False, **how: object) -> Outcome:
    look_up = partial(networks.folder, label="CLIPSeg", **how)
    return online.call(look_up, REPO, settings, Reports(leaves=leaves))


def named(online: Online, settings: Settings, *names: str, **how: object) -> Outcome:
    look_up = partial(networks.folder_of_files, MANY, names, label="Lines", **how)
    return online.call(look_up, settings, Converts())


class Converts(Reports):
    """Takes reports where files are fetched and converted."""

    def __call__(self, event: Progress) -> None:
        if event.phase != "converting":
            super().__call__(event)


def files_below(found: Path) -> dict[str, bytes]:
    return {path.relative_to(found).as_posix(): path.read_bytes() for path in found.rglob("*") if path.is_file()}


def unasked(event: Progress) -> None:
    raise AssertionError("nothing is to be fetched")


def test_a_network_that_comes_along_is_found_where_it_lies() -> None:
    source = registry.model("storybook-words").source
    found = networks.folder(source, Settings(), unasked, label="Words")
    assert found == PROJECT / source and (found / "config.json").is_file()


def test_a_network_of_this_project_that_is_missing_is_named_with_the_remedy() -> None:
    with pytest.raises(LoadError, match=r"^Words: assets/storybook/nowhere is missing\. Put it back from the repos"):
        networks.folder("assets/storybook/nowhere", Settings(), unasked, label="Words")


def test_a_network_is_fetched_with_its_texts_and_nothing_else(online: Online, here: Settings) -> None:
    found = folder(online, here).value
    assert found.is_relative_to(here.cache_dir) and files_below(found) == WANTED


def test_a_network_that_was_fetched_is_found_without_asking(online: Online, server: FakeHub, here: Settings) -> None:
    first = folder(online, here).value
    asked = len(server.asked)
    assert asked and folder(online, here).value == first and len(server.asked) == asked
    # Here, where nobody may ask a hub, too.
    for settings in (here, replace(here, offline=True), replace(here, share=True)):
        assert networks.folder(REPO, settings, unasked, label="CLIPSeg") == first


@pytest.mark.parametrize(
    ("variant", "fetched"),
    [(None, "diffusion_pytorch_model.safetensors"), ("fp16", "diffusion_pytorch_model.fp16.safetensors")],
)
def test_of_several_weights_those_that_are_meant_are_fetched(
    online: Online, server: FakeHub, here: Settings, variant: str | None, fetched: str
) -> None:
    weights = {f"diffusion_pytorch_model{ending}.safetensors": b"weights" * 9 for ending in ("", ".fp16")}
    server.repositories[REPO] = Repository({"config.json": b"{}"} | weights)
    assert set(files_below(folder(online, here, variant=variant).value)) == {"config.json", fetched}


def test_the_commit_that_is_meant_is_fetched_and_found(online: Online, server: FakeHub, here: Settings) -> None:
    commit = server.repositories[REPO].commit
    found = folder(online, here, revision=commit).value
    assert found.name == commit
    server.repositories[REPO].files |= {"config.json": b"{}"}
    assert folder(online, here, revision=commit).value == found


def test_a_download_that_was_stopped_leaves_nothing_that_is_found(online: Online, here: Settings) -> None:
    assert isinstance(folder(online, here, leaves=True).error, Cancelled)
    with pytest.raises(LoadError):
        networks.folder(REPO, replace(here, offline=True), unasked, label="CLIPSeg")
    assert files_below(folder(online, here).value) == WANTED


def test_an_offline_studio_says_so_and_asks_nobody(online: Online, server: FakeHub, here: Settings) -> None:
    error = folder(online, replace(here, offline=True)).error
    assert error.reason == "offline" and not server.asked
    assert str(error).startswith(f"CLIPSeg: {REPO} is not on this machine, and Easel was told not to ask the hub. ")


def test_a_public_studio_says_so_and_asks_nobody(online: Online, server: FakeHub, here: Settings) -> None:
    error = folder(online, replace(here, share=True)).error
    assert error.reason == "not_allowed" and not server.asked
    assert str(error).startswith(f"CLIPSeg: {REPO} is not on this machine, and only the owner of a private studio may ")


def test_a_network_that_is_only_a_pickle_is_refused(online: Online, server: FakeHub, here: Settings) -> None:
    del server.repositories[REPO].files["model.safetensors"]
    error = folder(online, here).error
    assert error.reason == "no_safetensors" and str(error).startswith("CLIPSeg: ") and not here.cache_dir.exists()


def test_a_repository_that_is_not_there_is_said_so(online: Online, server: FakeHub, here: Settings) -> None:
    server.repositories.clear()
    error = folder(online, here).error
    assert error.reason == "token_needed" and str(error).startswith(f"CLIPSeg: {REPO} ")


FILE_FAULTS = {
    "no_file": Answer(404, "EntryNotFound"),
    "forbidden": Answer(403),
    "busy": Answer(429),
    "damaged": Answer(body=b"<html>Sign in</html>"),
}


@pytest.mark.parametrize("reason", FILE_FAULTS)
def test_a_fault_in_a_file_is_told_of_the_network(reason: str, online: Online, server: FakeHub, here: Settings) -> None:
    server.fail("model.safetensors", FILE_FAULTS[reason])
    error = folder(online, here).error
    assert error.reason == reason and str(error).startswith("CLIPSeg: ")


def test_of_many_networks_only_the_named_files_are_fetched(online: Online, server: FakeHub, here: Settings) -> None:
    found = named(online, here, "one.pth", "two.pt").value
    assert {*files_below(found)} == {"one.pth", "one.safetensors", "two.pt", "two.safetensors"}
    assert not server.requests("other.pth") and not server.requests("README.md")
    assert load_file(found / "one.safetensors")["w"].tolist() == [1, 1, 1]


def test_named_files_that_are_here_are_found_without_asking(online: Online, server: FakeHub, here: Settings) -> None:
    first = named(online, here, "one.pth").value
    asked = len(server.asked)
    assert networks.folder_of_files(MANY, ("one.pth",), replace(here, share=True), unasked, label="Lines") == first
    assert len(server.asked) == asked
    with pytest.raises(LoadError, match=f"^Lines: {MANY} is not on this machine, and only the owner"):
        networks.folder_of_files(MANY, ("one.pth", "two.pt"), replace(here, share=True), unasked, label="Lines")


def test_named_files_that_lie_deeper_are_found_from_the_top(online: Online, server: FakeHub, here: Settings) -> None:
    deep = {"models/one.safetensors": b"weights", "models/encoder/config.json": b"{}"}
    server.repositories[MANY].files |= deep
    found = named(online, here, *deep).value
    assert files_below(found) == deep
    assert networks.folder_of_files(MANY, tuple(deep), replace(here, share=True), unasked, label="Lines") == found


def test_a_named_file_that_is_not_there_is_said_so(online: Online, here: Settings) -> None:
    error = named(online, here, "one.pth", "three.pth").error
    assert error.reason == "no_file" and str(error).startswith(f"Lines: {MANY} has no file three.pth any more. ")
    assert not here.cache_dir.exists()


def test_a_pickle_that_would_run_something_is_not_opened(online: Online, server: FakeHub, here: Settings) -> None:
    server.repositories[MANY].files["one.pth"] = pickled({"w": torch.ones(3), "x": Evil()})
    error = named(online, here, "one.pth").error
    assert str(error).startswith("Lines: one.pth wants to run posix.mkdir when it is opened")
    assert not Path("canary").exists() and not list(here.cache_dir.rglob("*.safetensors"))
