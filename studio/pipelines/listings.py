"""What the hub says of a repository, if it may be asked at all: commit, files, sizes and licence."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from studio.config import Settings
from studio.pipelines import refusals, transfers
from studio.pipelines.snapshots import HubFile, Snapshot
from studio.pipelines.transfers import Patience

MAIN = "main"
# Names become paths, so only those that stay inside the cache are taken.
COMMIT = re.compile(r"[0-9a-f]{40}")
ETAG = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
NAME = re.compile(r"\w[\w. ()+-]*(/\w[\w. ()+-]*)*")


@dataclass(frozen=True, kw_only=True)
class Listing:
    """A repository at a revision: a branch, a tag or a commit."""

    snapshot: Snapshot
    revision: str
    files: tuple[HubFile, ...]
    licence: str
    is_gated: bool


def is_allowed(settings: Settings) -> bool:
    """Whether this studio may download: only its owner may fill its disk, so only a private one."""
    return not settings.is_public


def is_offline(settings: Settings) -> bool:
    """Whether the hub must not be asked."""
    from huggingface_hub import constants

    return settings.offline or constants.HF_HUB_OFFLINE


def ask(
    repo: str,
    settings: Settings,
    *,
    revision: str | None,
    patience: Patience,
    on_beat: Callable[[], None] = lambda: None,
    label: str = refusals.CHECKPOINT,
) -> Listing:
    """The repository as it is now; HubError if it may not be asked for, cannot be reached, or is not to be had.

    `on_beat` is called several times a second, and may raise to leave. Errors begin with the `label`, those of
    what is fetched of the listing too.
    """
    if not is_allowed(settings):
        raise refusals.because("not_allowed", repo, label=label)
    if is_offline(settings):
        raise refusals.because("offline", repo, label=label)
    answers = []
    for answer in transfers.watched(_answer(repo, revision or MAIN, patience, label)):
        on_beat()
        answers.append(answer)
    snapshot = Snapshot(cache=_cache(settings), repo=repo, commit=answers[-1].sha or "", label=label)
    return _listing(answers[-1], snapshot, revision or MAIN)


def _answer(repo: str, revision: str, patience: Patience, label: str) -> Iterator[object]:
    from huggingface_hub import HfApi

    try:
        api = HfApi(endpoint=refusals.endpoint())
        yield api.model_info(repo, revision=revision, files_metadata=True, timeout=patience.timeouts)
    except Exception as error:
        facts = {"label": label, "revision": revision, "seconds": patience.stall_seconds}
        raise refusals.explained(error, repo, **facts) from None


def _listing(info: object, snapshot: Snapshot, revision: str) -> Listing:
    files = tuple(filter(None, map(_file, info.siblings or ())))
    if not COMMIT.fullmatch(snapshot.commit) or (info.siblings and not files):
        raise refusals.because("not_the_hub", snapshot.repo, label=snapshot.label)
    licence = getattr(info.card_data, "license", None)
    return Listing(
        snapshot=snapshot,
        revision=revision,
        files=files,
        licence=licence if isinstance(licence, str) else "see its model card",
        is_gated=bool(info.gated),
    )


def _file(sibling: object) -> HubFile | None:
    etag = sibling.lfs.sha256 if sibling.lfs else sibling.blob_id
    is_sound = NAME.fullmatch(sibling.rfilename) and ETAG.fullmatch(etag or "") and sibling.size is not None
    return HubFile(sibling.rfilename, sibling.size, etag) if is_sound else None


def _cache(settings: Settings) -> Path:
    from huggingface_hub import constants

    return Path(settings.cache_dir or constants.HF_HUB_CACHE).expanduser().absolute()
