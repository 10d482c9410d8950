"""Checkpoints from the Hugging Face Hub: what a download would bring, and the download; nothing comes unasked."""

import json
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from studio import catalog
from studio.catalog import Checkpoint
from studio.config import Settings
from studio.errors import LoadError, NotFound
from studio.pipelines import folders, listings, refusals, snapshots, transfers
from studio.pipelines.folders import INDEX
from studio.pipelines.listings import Listing
from studio.pipelines.snapshots import HubFile, Snapshot
from studio.pipelines.transfers import PATIENCE, Patience

# Left free on the disk: a full one stops more than Easel.
MARGIN_BYTES = 2**29
REPOSITORY = re.compile(r"(?:https?://(?:www\.)?(?:huggingface\.co|hf\.co)/)?(\w[\w.-]*/\w[\w.-]*)(?:/tree/main)?/?")

OnProgress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a download would bring: all its bytes, and those that are not here yet.

    `files` come in this order, and then `revisions` stand for the snapshots.
    """

    files: tuple[tuple[Snapshot, HubFile], ...]
    revisions: tuple[tuple[Snapshot, str], ...]

    @property
    def total_bytes(self) -> int:
        """Bytes of the checkpoint once it is here."""
        return sum(file.size_bytes for _, file in self.files)

    @property
    def missing_bytes(self) -> int:
        """Bytes that have yet to come; files of the same content come once."""
        missing = {(snapshot, file.etag): snapshot.missing_bytes(file) for snapshot, file in self.files}
        return sum(missing.values())


def plan(
    row: Checkpoint, settings: Settings, *, left_out: Collection[str] | None = None, patience: Patience = PATIENCE
) -> Plan:
    """What `fetch` would bring, after one question to the hub for each repository; HubError if nothing."""
    return _plan(row, settings, left_out, patience, lambda: None)


def fetch(
    row: Checkpoint,
    settings: Settings,
    on_progress: OnProgress,
    *,
    left_out: Collection[str] | None = None,
    patience: Patience = PATIENCE,
) -> Path:
    """Bring a checkpoint into the cache and give its folder; HubError says why that failed.

    `on_progress(bytes here, bytes in all)` is called several times a second, with 0 of 0 while the hub is asked, and
    may raise to leave: what has come is taken up by the next call. `left_out` are the parts to do without, the
    family's own if not given. The model index comes last, so a checkpoint is found only when all of it is here.
    """
    coming = _plan(row, settings, left_out, patience, partial(on_progress, 0, 0))
    return _brought(coming, on_progress, patience)


def fetch_configs(repo: str, settings: Settings, on_progress: OnProgress = lambda done, total: None) -> Path:
    """Bring only the texts of a repository, a few megabytes, to read a single file of weights with; as `fetch`."""
    return _fetched(repo, settings, _configs, on_progress)


def fetch_network(
    repo: str,
    settings: Settings,
    on_progress: OnProgress = lambda done, total: None,
    *,
    revision: str | None = None,
    variant: str | None = None,
    label: str = refusals.CHECKPOINT,
) -> Path:
    """Bring a repository that is a single network, with the texts it is used with; as `fetch`.

    Of weights in several variants the one that is named comes, or the plain one. Its config comes last. Errors begin
    with the `label`.
    """
    return _fetched(repo, settings, partial(_network, variant or ""), on_progress, revision=revision, label=label)


def fetch_files(
    repo: str,
    names: Collection[str],
    settings: Settings,
    on_progress: OnProgress = lambda done, total: None,
    *,
    revision: str | None = None,
    label: str = refusals.CHECKPOINT,
) -> Path:
    """Bring the files of these names alone, out of a repository of many networks; as `fetch_network`.

    Pickles may be among them: whoever asks must not open those.
    """
    return _fetched(repo, settings, partial(_files, names), on_progress, revision=revision, label=label)


def row_of(name: str, settings: Settings, *, patience: Patience = PATIENCE) -> Checkpoint:
    """The row of a repository named by hand, as owner/name or by its address: the catalogue's, or one made up from
    what the hub says. Nothing is kept of that.

    HubError if it cannot be had or has no safetensors in the layout of diffusers, NotFound if it is of no family.
    """
    found = REPOSITORY.fullmatch(name.strip())
    if not found:
        raise refusals.because("bad_id", name.strip()[:80])
    known = next((row for row in catalog.CHECKPOINTS if row.source == found[1]), None)
    return known or _told(listings.ask(found[1], settings, revision=None, patience=patience), patience)


def _fetched(
    repo: str,
    settings: Settings,
    choose: Callable[[Listing], list[HubFile]],
    on_progress: OnProgress,
    *,
    revision: str | None = None,
    label: str = refusals.CHECKPOINT,
) -> Path:
    """Bring those files of one repository that `choose` takes from its listing."""
    how = {"revision": revision, "patience": PATIENCE, "on_beat": partial(on_progress, 0, 0), "label": label}
    listing = listings.ask(repo, settings, **how)
    return _brought(_coming((listing, choose(listing))), on_progress, PATIENCE)


def _configs(listing: Listing) -> list[HubFile]:
    files = snapshots.configs(listing.files)
    _check_layout(listing, files)
    return files


def _network(variant: str, listing: Listing) -> list[HubFile]:
    weights = [file for file in snapshots.network(listing.files, variant) if file.variant is not None]
    if not weights:
        raise refusals.because("no_safetensors", listing.snapshot.repo, label=listing.snapshot.label, name="it")
    texts = [file for file in listing.files if snapshots.CONFIG.fullmatch(file.name) and file.variant is None]
    return texts + weights


def _files(names: Collection[str], listing: Listing) -> list[HubFile]:
    files = {file.name: file for file in listing.files}
    for name in names:
        if name not in files:
            raise refusals.because("no_file", listing.snapshot.repo, label=listing.snapshot.label, name=name)
    return [files[name] for name in names]


def _told(listing: Listing, patience: Patience) -> Checkpoint:
    repo = listing.snapshot.repo
    files = {file.name: file for file in _pipeline_files(listing, snapshots.HALF, ())}

    @cache
    def config(path: str) -> dict:
        return json.loads(transfers.read(files[path], listing.snapshot, patience)) if path in files else {}

    try:
        family = folders.family_of(config, repo)
    except LoadError as error:
        raise NotFound(str(error)) from None
    except (ValueError, TypeError, AttributeError):  # texts that say something else than diffusers writes
        raise refusals.because("no_layout", repo) from None
    if family is None:
        known = ", ".join(family.label for family in catalog.FAMILIES)
        raise NotFound(f"Checkpoint: {repo} is of no family known here ({known}).")
    return Checkpoint(
        id=repo,
        label=repo,
        source=repo,
        family=family.name,
        licence=listing.licence,
        licence_url=f"{refusals.HUB}/{repo}",
        size_bytes=sum(file.size_bytes for file in files.values() if file.part not in family.left_out),
        is_gated=listing.is_gated,
        variant=snapshots.HALF if any(file.variant == snapshots.HALF for file in files.values()) else None,
        is_inpainting=folders.channels(config) == family.inpainting_channels,
    )


def _plan(
    row: Checkpoint,
    settings: Settings,
    left_out: Collection[str] | None,
    patience: Patience,
    on_beat: Callable[[], None],
) -> Plan:
    parts = catalog.family(row.family).left_out if left_out is None else left_out
    listing = listings.ask(row.source, settings, revision=row.revision, patience=patience, on_beat=on_beat)
    main = listing, _pipeline_files(listing, row.variant or "", parts)
    if row.vae is None:
        return _coming(main)
    vae = listings.ask(row.vae, settings, revision=row.vae_revision, patience=patience, on_beat=on_beat)
    return _coming((vae, snapshots.network(vae.files)), main)


def _coming(*wanted: tuple[Listing, list[HubFile]]) -> Plan:
    files = [(listing.snapshot, file) for listing, files in wanted for file in files]
    return Plan(
        files=tuple(sorted(files, key=lambda row: (row[1].name == INDEX, row[1].name == snapshots.NETWORK))),
        revisions=tuple((listing.snapshot, listing.revision) for listing, _ in wanted),
    )


def _pipeline_files(listing: Listing, variant: str, left_out: Collection[str]) -> list[HubFile]:
    """What a pipeline needs; HubError if the repository has no such layout, or a network only as a pickle."""
    files = snapshots.wanted(listing.files, variant, left_out)
    _check_layout(listing, files)
    for network in snapshots.bare_networks(files):
        raise refusals.because("no_safetensors", listing.snapshot.repo, name=network)
    return files


def _check_layout(listing: Listing, files: list[HubFile]) -> None:
    if INDEX not in {file.name for file in files}:
        raise refusals.because("no_layout", listing.snapshot.repo)


def _brought(coming: Plan, on_progress: OnProgress, patience: Patience) -> Path:
    """The folder of the last snapshot, after all has come."""
    done_bytes = 0
    _check_room(coming)
    for snapshot, file in coming.files:
        if not snapshot.has(file):
            transfers.fetch(file, snapshot, _counted(on_progress, done_bytes, coming.total_bytes), patience)
        done_bytes += file.size_bytes
        on_progress(done_bytes, coming.total_bytes)
    for snapshot, revision in coming.revisions:
        snapshot.name_it(revision)
    return coming.revisions[-1][0].folder


def _counted(on_progress: OnProgress, before: int, total: int) -> Callable[[int], None]:
    return lambda here: on_progress(before + here, total)


def _check_room(coming: Plan) -> None:
    snapshot, missing = coming.revisions[-1][0], coming.missing_bytes
    if missing and missing + MARGIN_BYTES > refusals.free_bytes(snapshot.cache):
        facts = {"label": snapshot.label, "size": missing + MARGIN_BYTES, "folder": snapshot.cache}
        raise refusals.because("disk_full", snapshot.repo, **facts)
