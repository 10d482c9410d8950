"""Downloads: what comes, what is said when nothing comes, and a cache that stays sound whatever the hub does."""

import hashlib
import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from studio import catalog
from studio.catalog import Checkpoint
from studio.config import Settings
from studio.errors import Cancelled, NotFound
from studio.pipelines import hub, sources
from studio.pipelines.refusals import HubError
from studio.pipelines.transfers import Patience
from tests.fake_hub import GOOD_TOKEN, Answer, FakeHub, Repository, running
from tests.online import Online, Outcome, Watcher

REPO = "artist/sd-tiny"
QUICK = Patience(connect_seconds=2, stall_seconds=1, pause_seconds=0.1)
UNET = "unet/diffusion_pytorch_model.fp16.safetensors"


def bytes_of(name: str, count: int) -> bytes:
    """Bytes that tell a file's content from any other's."""
    return hashlib.shake_128(name.encode()).digest(count)


def weights(name: str, count: int = 40_000) -> dict[str, bytes]:
    return {name: bytes_of(name, count)}


WANTED = {
    "model_index.json": json.dumps({"_class_name": "StableDiffusionPipeline", "unet": ["diffusers", "x"]}).encode(),
    "scheduler/scheduler_config.json": b'{"beta_start": 0.00085}',
    "tokenizer/vocab.json": b'{"a": 1}',
    "tokenizer/merges.txt": b"#version",
    "text_encoder/config.json": b'{"hidden_size": 768}',
    "unet/config.json": b'{"in_channels": 4}',
    "vae/config.json": b'{"block_out_channels": [8, 8, 8, 8]}',
    **weights("text_encoder/model.fp16.safetensors"),
    **weights(UNET, 3_000_000),
    # No half of it is there, so the plain one is taken.
    **weights("vae/diffusion_pytorch_model.safetensors"),
}
UNWANTED = {
    "README.md": b"# A model",
    "sd-tiny.safetensors": b"all in one",
    "sd-tiny.ckpt": b"a pickle",
    "safety_checker/model.fp16.safetensors": b"not used",
    "text_encoder/model.safetensors": b"plain",
    "text_encoder/model.fp16.bin": b"a pickle",
    "text_encoder/flax_model.msgpack": b"flax",
    "unet/diffusion_pytorch_model.safetensors": b"plain",
    "unet/diffusion_pytorch_model.non_ema.safetensors": b"another variant",
    "unet/diffusion_pytorch_model.fp16.bin": b"a pickle",
    "unet/model.onnx": b"onnx",
    "unet/openvino_model.xml": b"<xml>",
    "vae_1_0/diffusion_pytorch_model.fp16.safetensors": b"another part",
}


@pytest.fixture
def repositories() -> dict[str, Repository]:
    return {REPO: Repository(WANTED | UNWANTED)}


def row(source: str = REPO, **fields: object) -> Checkpoint:
    return replace(
        catalog.checkpoint("sd15"), id="tiny", label="Tiny", source=source, size_bytes=1, **{"revision": None, **fields}
    )


def fetched(online: Online, settings: Settings, checkpoint: Checkpoint | None = None, **how: object) -> Outcome:
    how = {"patience": QUICK, **how}
    return online.watch(how.pop("watcher", Watcher()), hub.fetch, checkpoint or row(), settings, **how)


def files_below(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def blobs(settings: Settings) -> list[str]:
    return sorted(path.name for path in settings.cache_dir.glob("models--*/blobs/*"))


def assert_sound(settings: Settings) -> None:
    """Nothing is found by a name that is not whole, and no checkpoint is found at all."""
    for path in settings.cache_dir.glob("models--*/snapshots/*/**/*.*"):
        name = "/".join(path.parts[path.parts.index("snapshots") + 2 :])
        assert path.read_bytes() == (WANTED | UNWANTED)[name]
    assert not list(settings.cache_dir.glob("models--*/snapshots/*/model_index.json"))


def test_a_plan_names_what_the_pipeline_needs_and_fetches_nothing(
    online: Online, server: FakeHub, here: Settings
) -> None:
    plan = online.call(hub.plan, row(), here).value
    assert {file.name: file.size_bytes for _, file in plan.files} == {name: len(data) for name, data in WANTED.items()}
    assert plan.total_bytes == plan.missing_bytes == sum(map(len, WANTED.values()))
    assert len(server.asked) == 1 and not here.cache_dir.exists()


def test_parts_can_be_left_out(online: Online, here: Settings) -> None:
    plan = online.call(hub.plan, row(), here, left_out=("text_encoder", "tokenizer")).value
    assert not [file.name for _, file in plan.files if file.name.startswith(("text_encoder", "tokenizer"))]


def test_a_download_brings_the_files_and_tells_how_far_it_is(online: Online, here: Settings) -> None:
    outcome = fetched(online, here)
    assert files_below(outcome.value) == WANTED
    total = sum(map(len, WANTED.values()))
    done = [done for done, of in outcome.progress if of == total]
    assert done == sorted(done) and done[-1] == total
    assert online.call(hub.plan, row(), here).value.missing_bytes == 0


def test_the_library_finds_what_was_fetched(online: Online, here: Settings) -> None:
    folder = fetched(online, here).value
    assert Path(online.call(found_by_the_library, here).value) == folder


def found_by_the_library(settings: Settings) -> str:
    """Where huggingface_hub sees the checkpoint, after it has looked through the cache for faults."""
    import huggingface_hub

    assert not huggingface_hub.scan_cache_dir(settings.cache_dir).warnings
    index = huggingface_hub.try_to_load_from_cache(REPO, "model_index.json", cache_dir=settings.cache_dir)
    folder = huggingface_hub.snapshot_download(REPO, cache_dir=settings.cache_dir, local_files_only=True)
    assert index == f"{folder}/model_index.json"
    return folder


def test_a_checkpoint_is_found_once_all_of_it_is_here(online: Online, here: Settings) -> None:
    left = fetched(online, here, watcher=Watcher(leave_at=3_000_000))
    assert isinstance(left.error, Cancelled) and sources.path_of(row(), here) is None
    assert fetched(online, here).value == sources.path_of(row(), here)


def test_a_second_fetch_brings_nothing(online: Online, server: FakeHub, here: Settings) -> None:
    folder, before = fetched(online, here).value, len(server.asked)
    assert fetched(online, here).value == folder
    assert len(server.asked) == before + 1


def test_a_pinned_revision_is_the_one_that_comes(online: Online, server: FakeHub, here: Settings) -> None:
    commit = server.repositories[REPO].commit
    assert fetched(online, here, row(revision=commit)).value.name == commit
    error = fetched(online, here, row(revision="0" * 40)).error
    assert error.reason == "no_revision" and "0" * 40 in str(error)


def test_a_new_commit_brings_only_what_changed(online: Online, server: FakeHub, here: Settings) -> None:
    fetched(online, here)
    server.repositories[REPO].files = WANTED | {"vae/config.json": b'{"changed": 1}'}
    assert online.call(hub.plan, row(), here).value.missing_bytes == len(b'{"changed": 1}')
    assert files_below(fetched(online, here).value) == server.repositories[REPO].files


def test_a_vae_of_another_repository_comes_too(online: Online, server: FakeHub, here: Settings) -> None:
    name = "diffusion_pytorch_model.safetensors"
    vae = {"config.json": b'{"scaling_factor": 0.13}', **weights(name, 50_000)}
    others = {"README.md": b"#", "sdxl_vae.safetensors": b"twice", "diffusion_pytorch_model.bin": b"a pickle"}
    server.repositories["artist/vae"] = Repository(vae | others)
    plan = online.call(hub.plan, row(vae="artist/vae"), here).value
    assert plan.total_bytes == sum(map(len, [*WANTED.values(), *vae.values()]))
    assert files_below(fetched(online, here, row(vae="artist/vae")).value) == WANTED
    (folder,) = here.cache_dir.glob("models--artist--vae/snapshots/*")
    assert files_below(folder) == vae


STATUSES = {
    "401": (Answer(401), None, "token_needed", "set HF_TOKEN"),
    "token": (Answer(), "hf_wrongtokenwrongtoken", "token_rejected", "does not accept the token"),
    "403": (Answer(403), GOOD_TOKEN, "forbidden", "forbids"),
    "404": (Answer(404, "RepoNotFound"), GOOD_TOKEN, "no_repository", f"there is no {REPO}"),
    "429": (Answer(429, headers={"Retry-After": "17"}), None, "busy", "in 17 seconds"),
    "429 window": (Answer(429, headers={"RateLimit": '"api";r=0;t=55'}), None, "busy", "in 55 seconds"),
    "500": (Answer(500), None, "trouble", "(500)"),
    "503": (Answer(503), None, "trouble", "in a few minutes"),
    "page": (Answer(body=b"<html>Sign in to the hotel</html>"), None, "not_the_hub", "login page"),
    "other json": (Answer(body=b'{"id": "x"}'), None, "not_the_hub", "127.0.0.1"),
    "stall": (Answer(silent_seconds=30), None, "stalled", "for 1 seconds"),
    "huge": (Answer(claimed_bytes=10**15), None, "disk_full", "Free some space"),
}


@pytest.mark.parametrize("name", STATUSES)
def test_an_answer_to_the_question_is_told_at_once(
    name: str, pool: ProcessPoolExecutor, server: FakeHub, here: Settings
) -> None:
    answer, token, reason, words = STATUSES[name]
    server.fail("/revision/main", answer)
    outcome = fetched(Online(pool, server.url, token), here)
    assert outcome.error.reason == reason and words in str(outcome.error)
    assert outcome.seconds < 3 and not blobs(here)
    assert files_below(fetched(Online(pool, server.url), here).value) == WANTED


@pytest.mark.parametrize(
    ("token", "reason"), [(None, "licence"), (GOOD_TOKEN, "gated")], ids=["without a token", "with a token"]
)
def test_a_gated_repository_asks_to_accept_its_licence(
    token: str | None, reason: str, pool: ProcessPoolExecutor, server: FakeHub, here: Settings
) -> None:
    server.repositories[REPO].is_gated = True
    error = fetched(Online(pool, server.url, token), here).error
    assert error.reason == reason and f"https://huggingface.co/{REPO}" in str(error)
    assert ("HF_TOKEN" in str(error)) == (token is None)
    assert_sound(here)


def test_a_repository_nobody_has_is_missing_or_private(pool: ProcessPoolExecutor, here: Settings) -> None:
    with running({}) as server:
        assert fetched(Online(pool, server.url), here).error.reason == "token_needed"
        assert fetched(Online(pool, server.url, GOOD_TOKEN), here).error.reason == "no_repository"


def test_no_network_is_told_at_once(pool: ProcessPoolExecutor, here: Settings) -> None:
    with running({}) as server:
        address = server.url
    for url in (address, "http://hub.invalid", "no address"):
        outcome = fetched(Online(pool, url), here)
        assert outcome.error.reason == "no_network" and "cannot be reached" in str(outcome.error)
    assert fetched(Online(pool, address), here).seconds < 3


FILE_FAULTS = {
    "404": (Answer(404, "EntryNotFound"), "no_file", 1),
    "429": (Answer(429, headers={"Retry-After": "9"}), "busy", 1),
    "500": (Answer(500), "trouble", 3),
    "403": (Answer(403), "forbidden", 1),
    "cut at 10 %": (Answer(cut_at=0.1), "cut", 3),
    "cut at 99 %": (Answer(cut_at=0.99), "cut", 3),
    "stall": (Answer(stall_at=0.5), "stalled", 3),
    "silence": (Answer(silent_seconds=30), "stalled", 3),
    "other bytes": (Answer(body=bytes_of("other", 3_000_000)), "damaged", 1),
    "too many": (Answer(body=bytes_of("other", 3_100_000)), "damaged", 1),
    "too few": (Answer(body=b"<html>Sign in</html>"), "damaged", 1),
}


@pytest.mark.parametrize("name", FILE_FAULTS)
def test_a_fault_in_a_file_is_told_and_the_cache_stays_sound(
    name: str, online: Online, server: FakeHub, here: Settings
) -> None:
    answer, reason, tries = FILE_FAULTS[name]
    server.fail(UNET, *[answer] * 3)
    outcome = fetched(online, here)
    assert outcome.error.reason == reason
    assert len(server.requests(UNET)) == tries and outcome.seconds < 5
    assert_sound(here)
    server.relent()
    assert files_below(fetched(online, here).value) == WANTED


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_cut_download_is_resumed_where_it_broke_off(
    share: float, online: Online, server: FakeHub, here: Settings
) -> None:
    server.fail(UNET, Answer(cut_at=share))
    assert files_below(fetched(online, here).value) == WANTED
    first, second = server.requests(UNET)
    assert "Range" not in first.headers
    assert second.headers["Range"] == f"bytes={int(share * 3_000_000)}-"


def test_what_was_left_is_taken_up_by_the_next_fetch(online: Online, server: FakeHub, here: Settings) -> None:
    server.fail(UNET, Answer(stall_at=0.6))
    left = fetched(online, here, watcher=Watcher(leave_at=1_500_000), patience=Patience())
    assert isinstance(left.error, Cancelled) and left.seconds < 4
    assert_sound(here)
    plan = online.call(hub.plan, row(), here).value
    assert 1_200_000 <= plan.missing_bytes <= plan.total_bytes - 1_000_000
    assert files_below(fetched(online, here).value) == WANTED
    assert int(server.requests(UNET)[-1].headers["Range"].removeprefix("bytes=").rstrip("-")) >= 1_000_000


def test_a_silent_hub_can_be_left(online: Online, server: FakeHub, here: Settings) -> None:
    for ending in ("/revision/main", UNET):
        server.fail(ending, Answer(silent_seconds=30))
        outcome = fetched(online, here, watcher=Watcher(leave_after=14), patience=Patience())
        assert isinstance(outcome.error, Cancelled) and outcome.seconds < 5


def test_a_store_that_knows_no_ranges_sends_all_of_it_again(online: Online, server: FakeHub, here: Settings) -> None:
    server.fail(UNET, Answer(cut_at=0.5), Answer(ignores_range=True))
    assert files_below(fetched(online, here).value) == WANTED


def test_a_range_that_is_refused_is_asked_for_as_a_whole(online: Online, server: FakeHub, here: Settings) -> None:
    server.fail(UNET, Answer(cut_at=0.5), Answer(416))
    assert files_below(fetched(online, here).value) == WANTED


def test_a_short_blob_that_another_left_is_replaced(online: Online, here: Settings) -> None:
    folder = fetched(online, here).value
    (folder / UNET).resolve().write_bytes(b"short")
    assert online.call(hub.plan, row(), here).value.missing_bytes == 3_000_000
    assert files_below(fetched(online, here).value) == WANTED


def test_a_partial_of_other_bytes_is_found_out(online: Online, here: Settings) -> None:
    plan = online.call(hub.plan, row(), here).value
    snapshot, unet = next(pair for pair in plan.files if pair[1].name == UNET)
    snapshot.partial(unet).parent.mkdir(parents=True)
    snapshot.partial(unet).write_bytes(b"of another file")
    assert fetched(online, here).error.reason == "damaged"
    assert files_below(fetched(online, here).value) == WANTED


def test_a_disk_that_takes_no_more_is_told(online: Online, here: Settings) -> None:
    outcome = online.call(fetched_where_files_are_small, row(), here)
    assert outcome.error.reason == "too_large" and "--cache-dir" in str(outcome.error)
    assert_sound(here)
    assert files_below(fetched(online, here).value) == WANTED


def fetched_where_files_are_small(checkpoint: Checkpoint, settings: Settings) -> Path:
    """Fetch on a disk that takes files of a megabyte at most."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, before[1]))
    try:
        return hub.fetch(checkpoint, settings, lambda done, total: None, patience=QUICK)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_folder_that_cannot_be_written_is_told(online: Online, here: Settings) -> None:
    here.cache_dir.write_text("a file in the way")
    assert fetched(online, here).error.reason == "not_writable"


def test_only_the_owner_of_a_private_studio_may_download(online: Online, server: FakeHub, here: Settings) -> None:
    public = replace(here, share=True)
    for outcome in (
        fetched(online, public),
        online.call(hub.plan, row(), public),
        online.call(hub.fetch_configs, REPO, public),
        online.call(hub.row_of, REPO, public),
    ):
        assert outcome.error.reason == "not_allowed"
    assert not server.asked


def test_an_offline_studio_asks_nobody(online: Online, server: FakeHub, here: Settings) -> None:
    assert fetched(online, replace(here, offline=True)).error.reason == "offline"
    with pytest.raises(HubError, match="HF_HUB_OFFLINE"):  # which the tests' own process has set
        hub.fetch(row(), here, lambda done, total: None)
    assert not server.asked


def test_the_token_goes_to_the_hub_alone_and_into_no_message(
    pool: ProcessPoolExecutor, server: FakeHub, here: Settings
) -> None:
    fetched(Online(pool, server.url, GOOD_TOKEN), here)
    assert server.asked[0].headers["Authorization"] == f"Bearer {GOOD_TOKEN}"
    stored = [asked for asked in server.asked if asked.path.startswith("/store/")]
    assert stored and not any("Authorization" in asked.headers for asked in stored)
    secret = "http://user:verysecret@127.0.0.1:9"
    assert "verysecret" not in repr(fetched(Online(pool, secret, GOOD_TOKEN), here).error)


def test_configs_come_without_weights(online: Online, here: Settings) -> None:
    folder = online.call(hub.fetch_configs, REPO, here).value
    assert files_below(folder) == {name: data for name, data in WANTED.items() if not name.endswith("safetensors")}


@pytest.mark.parametrize(
    "name", [REPO, f" {REPO} ", f"https://huggingface.co/{REPO}", f"https://hf.co/{REPO}/tree/main"]
)
def test_a_repository_can_be_named_by_hand(name: str, online: Online, here: Settings) -> None:
    found = online.call(hub.row_of, name, here).value
    assert (found.id, found.source, found.family, found.licence) == (REPO, REPO, "sd1", "openrail")
    assert (found.variant, found.revision) == ("fp16", None)
    assert found.size_bytes == sum(map(len, WANTED.values())) and not found.is_gated
    assert not here.cache_dir.exists()


def test_a_repository_made_for_inpainting_says_so(online: Online, server: FakeHub, here: Settings) -> None:
    assert not online.call(hub.row_of, REPO, here).value.is_inpainting
    server.repositories[REPO].files |= {
        "model_index.json": b'{"_class_name": "StableDiffusionInpaintPipeline"}',
        "unet/config.json": b'{"in_channels": 9}',
    }
    found = online.call(hub.row_of, REPO, here).value
    assert found.is_inpainting and found.family == "sd1"


def test_a_repository_that_takes_other_input_is_refused(online: Online, server: FakeHub, here: Settings) -> None:
    server.repositories[REPO].files["unet/config.json"] = b'{"in_channels": 8}'
    error = online.call(hub.row_of, REPO, here).error
    assert isinstance(error, NotFound) and f"{REPO} takes 8 channels" in str(error)


def test_a_repository_of_the_catalogue_keeps_its_row(here: Settings) -> None:
    known = catalog.checkpoint("sdxl-turbo")
    assert hub.row_of(f"https://huggingface.co/{known.source}", here) == known


def test_a_repository_of_another_family_is_refused(online: Online, server: FakeHub, here: Settings) -> None:
    server.repositories[REPO].files["model_index.json"] = b'{"_class_name": "FluxPipeline"}'
    error = online.call(hub.row_of, REPO, here).error
    assert isinstance(error, NotFound) and "no family known here" in str(error)


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"sd.safetensors": b"x"}, "no_layout"),
        ({name: data for name, data in WANTED.items() if name != UNET}, "no_safetensors"),
    ],
    ids=["one file", "pickles only"],
)
def test_a_repository_without_the_layout_is_refused(
    files: dict[str, bytes], reason: str, online: Online, server: FakeHub, here: Settings
) -> None:
    server.repositories[REPO].files = files | {"unet/diffusion_pytorch_model.bin": b"a pickle"}
    assert online.call(hub.row_of, REPO, here).error.reason == reason
    assert fetched(online, here).error.reason == reason


@pytest.mark.parametrize("name", ["one-word", "a/b/c", "../../etc", "a/..", "https://example.com/a/b", "x y/z"])
def test_what_is_no_repository_is_refused_unasked(name: str, online: Online, server: FakeHub, here: Settings) -> None:
    assert online.call(hub.row_of, name, here).error.reason == "bad_id"
    assert not server.asked
