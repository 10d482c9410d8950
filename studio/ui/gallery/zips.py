"""Pictures packed for their owner to fetch: one ZIP each, under a name nobody can guess."""

import re
import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path

from gradio.utils import get_upload_folder

from studio.errors import NotFound, StudioError
from studio.outputs import Gallery, owner_key

NAME = "easel-pictures.zip"
TOKEN = re.compile(r"[0-9a-f]{32}")


def packed(gallery: Gallery, owner: str, ids: Sequence[str]) -> str:
    """Pack the pictures and give the token to fetch them by; the owner's ZIP of before is deleted."""
    folder = _folder(owner)
    shutil.rmtree(folder, ignore_errors=True)
    token = secrets.token_hex(16)
    target = folder / token / NAME
    try:
        target.parent.mkdir(parents=True)
    except OSError as error:
        raise StudioError(
            f"ZIP: it cannot be written ({error.strerror or error}). Free space, and try again."
        ) from None
    gallery.zip(ids, target)
    return token


def path(owner: str, token: str) -> Path:
    """The ZIP that the owner got this token for; NotFound if there is none, or not any more."""
    target = _folder(owner) / token / NAME
    if not TOKEN.fullmatch(token) or not target.is_file():
        raise NotFound("ZIP: it is not there any more. Pack the pictures again.")
    return target


def _folder(owner: str) -> Path:
    # It goes with the process, as all in this folder does.
    return Path(get_upload_folder()) / "zips" / (owner_key(owner) or "local")
