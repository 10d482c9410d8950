"""Why nothing came from the hub: from its answer to one sentence with the remedy, and never with a token in it."""

import errno
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from studio.errors import LoadError
from studio.requests import RULES
from studio.units import data_size

HUB = "https://huggingface.co"
TOKENS = f"{HUB}/settings/tokens"
# The field that is spoken of where no other is named.
CHECKPOINT = RULES["checkpoint"].label

REASONS: Mapping[str, str] = MappingProxyType(
    {
        "not_allowed": "{repo} is not on this machine, and only the owner of a private studio may download. "
        "Start Easel without --share and on a loopback address to fetch it.",
        "offline": "{repo} is not on this machine, and Easel was told not to ask the hub. "
        "Start it without --offline and HF_HUB_OFFLINE to fetch it.",
        "token_needed": "{repo} is private, or there is no such repository. Check the name; if it is private, make a "
        f"token at {TOKENS} and set HF_TOKEN to it.",
        "token_rejected": "the hub does not accept the token that is set here, for {repo} or anything else. Make a "
        f"new one at {TOKENS} and set HF_TOKEN to it, or unset HF_TOKEN.",
        "licence": f"{{repo}} asks to accept its licence first. Accept it at {HUB}/{{repo}}, then make a token of "
        f"that account at {TOKENS} and set HF_TOKEN to it.",
        "gated": f"{{repo}} asks to accept its licence first. Accept it at {HUB}/{{repo}}, signed in as the owner of "
        "the token, and try again.",
        "forbidden": f"the hub forbids {{repo}} to this token. Give it the right to read that repository at {TOKENS}, "
        "or choose another.",
        "no_repository": "there is no {repo} on the hub. Check the name, or choose another.",
        "no_revision": "{repo} has no revision {revision}. Choose another one.",
        "no_file": "{repo} has no file {name} any more. Look the download up again, or choose another.",
        "busy": "the hub gets too many requests from here. {wait}",
        "trouble": "the hub answered {repo} with an error of its own ({status}). Try again in a few minutes; what has "
        "come is kept.",
        "no_network": "{host} cannot be reached for {repo}. Check the network, the proxy and HF_ENDPOINT, and try "
        "again; what has come is kept.",
        "stalled": "nothing came from {host} for {seconds:g} seconds while fetching {repo}. Check the network and try "
        "again; what has come is kept.",
        "cut": "the connection broke off again and again while fetching {repo}. Try again; what has come is kept.",
        "damaged": "{name} of {repo} came with other bytes than the hub has for it, and was thrown away. A proxy or a "
        "login page of this network may stand between; try again on another network.",
        "not_the_hub": "{host} gave no answer that a hub gives for {repo}. Sign in to this network if it has a login "
        "page, and check HF_ENDPOINT.",
        "disk_full": "{repo} needs {size} more in {folder}, which has {free} left. Free some space, or name another "
        "folder with --cache-dir.",
        "too_large": "the disk of {folder} takes no file as large as {name} of {repo}. Name a folder on another disk "
        "with --cache-dir.",
        "not_writable": "{repo} cannot be written into {folder}. Name another folder with --cache-dir.",
        "no_layout": "{repo} is no checkpoint in the layout of diffusers, with a model_index.json. Choose one that is, "
        "or put a single .safetensors file of it into the --models folder.",
        "no_safetensors": "{repo} has no safetensors for {name}, and other weights are not fetched since they could "
        "run code. Choose another.",
        "bad_id": "'{repo}' is no repository of the hub. Write it as owner/name.",
        "unknown": "{repo} could not be fetched: {text}. Try again; what has come is kept.",
    }
)
# By X-Error-Code, which the hub sends beside the status.
CODES = MappingProxyType(
    {"RepoNotFound": "no_repository", "RevisionNotFound": "no_revision", "EntryNotFound": "no_file"}
)
# huggingface_hub 1 raises errors of httpx, 2 those of httpx2; their names are the same. The first that fits counts.
TRANSPORT = MappingProxyType(
    {
        "OfflineModeIsEnabled": "offline",
        "HFValidationError": "bad_id",
        "ReadTimeout": "stalled",
        "TimeoutException": "no_network",
        "ConnectError": "no_network",
        "ProxyError": "no_network",
        "UnsupportedProtocol": "no_network",
        "InvalidURL": "no_network",
        "NetworkError": "cut",
        "RemoteProtocolError": "cut",
        "JSONDecodeError": "not_the_hub",
        "DecodingError": "not_the_hub",
        "TooManyRedirects": "not_the_hub",
    }
)
DISK = MappingProxyType(
    {
        errno.ENOSPC: "disk_full",
        errno.EDQUOT: "disk_full",
        errno.EFBIG: "too_large",
        errno.EACCES: "not_writable",
        errno.EPERM: "not_writable",
        errno.EROFS: "not_writable",
        errno.ENOTDIR: "not_writable",
        errno.EEXIST: "not_writable",
    }
)
SECRETS = re.compile(r"hf_\w{4,}|(?<=//)[^/@\s]+@|(?<=[Bb]earer )\S+")


class HubError(LoadError):
    """A checkpoint or another network could not be fetched; `reason` is a key of REASONS."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(reason, message)  # both, so that the error can be copied and pickled
        self.reason = reason

    def __str__(self) -> str:
        return self.args[1]


def because(reason: str, repo: str, *, label: str = CHECKPOINT, **facts: object) -> HubError:
    """The error for one of REASONS; it begins with the `label` of what was asked for, and `facts` fill its sentence."""
    known = {"host": host(), "revision": "main", "name": "a file", **facts}
    if "size" in known:
        known |= {"size": data_size(known["size"]), "free": data_size(free_bytes(Path(known["folder"])))}
    return HubError(reason, redacted(f"{label}: {REASONS[reason].format(repo=repo, **known)}"))


def answered(status: int, headers: Mapping[str, str], repo: str, **facts: object) -> HubError:
    """The error for an HTTP answer of 400 or more."""
    reason = _reason(status, headers.get("X-Error-Code"), is_file="name" in facts)
    return because(reason, repo, **{"status": status, "wait": _wait(headers), **facts})


def explained(error: Exception, repo: str, **facts: object) -> HubError:
    """The error that says what `error`, raised while asking or writing, means to the user."""
    if isinstance(error, HubError):
        return error
    response = getattr(error, "response", None)
    if response is not None:
        return answered(response.status_code, response.headers, repo, **facts)
    if isinstance(error, OSError) and error.errno in DISK:
        return because(DISK[error.errno], repo, **facts)
    names = [kind.__name__ for kind in type(error).__mro__]
    reason = next((reason for name, reason in TRANSPORT.items() if name in names), "unknown")
    text = (str(error).strip().splitlines() or [type(error).__name__])[0][:200].rstrip(".")
    return because(reason, repo, **{"text": text, **facts})


def redacted(text: str) -> str:
    """The text without tokens and without the passwords of addresses."""
    return SECRETS.sub("…", text)


def free_bytes(folder: Path) -> int:
    """Bytes free on the disk of a folder that need not exist yet."""
    existing = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
    return shutil.disk_usage(existing).free


def host() -> str:
    """The name of the machine that answers for the hub."""
    return urlsplit(endpoint()).hostname or "the hub"


def endpoint() -> str:
    """The address of the hub: HF_ENDPOINT as it is now, else Hugging Face."""
    return os.environ.get("HF_ENDPOINT", "").rstrip("/") or HUB


def has_token() -> bool:
    """Whether a token is sent along."""
    from huggingface_hub import get_token

    return get_token() is not None


def _reason(status: int, code: str | None, *, is_file: bool) -> str:
    if code == "GatedRepo":
        return "licence" if status == 401 else "gated"
    if code in CODES and status != 401:
        return CODES[code]
    if status == 401:
        return "token_rejected" if has_token() else "token_needed"
    if status == 404:
        return "no_file" if is_file else "no_repository"
    return {403: "forbidden", 429: "busy"}.get(status, "trouble")


def _wait(headers: Mapping[str, str]) -> str:
    """When to come back, from Retry-After or the draft of RateLimit headers that the hub follows."""
    rate = re.search(r"\br\s*=\s*0\b.*\bt\s*=\s*(\d+)", headers.get("RateLimit", ""))
    seconds = rate.group(1) if rate else headers.get("Retry-After", "")
    when = f"in {seconds} seconds" if seconds.isdigit() else "in some minutes"
    return f"Try again {when}; what has come is kept. A token in HF_TOKEN raises the limit."
