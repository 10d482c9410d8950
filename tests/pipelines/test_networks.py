"""Single networks: those that come along, those that are fetched once, and why one is not to be had."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

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


@pytest.fixture
def repositories() -> dict[str, Repository]:
    return {REPO: Repository(WANTED | UNWANTED)}


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
