"""Flags and environment to settings; each flag has an `EASEL_…` variable, and `--help` is the one list of them."""

import argparse
import ipaddress
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PREFIX = "EASEL_"
DTYPES = ("auto", "float32", "float16", "bfloat16")
TRUE_WORDS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How this studio was started."""

    checkpoint: str | None = None
    listen: str = "127.0.0.1"
    port: int | None = None
    share: bool = False
    auth: tuple[str, str] | None = None
    is_password_made: bool = False
    device: str = "auto"
    dtype: str = "auto"
    models: Path | None = None
    wildcards: Path | None = None
    cache_dir: Path | None = None
    outputs: Path = Path("outputs")
    offline: bool = False
    is_space: bool = False

    @property
    def is_public(self) -> bool:
        """True if others than this machine's owner may reach the page."""
        return self.share or not is_loopback(self.listen)


def parse(argv: Sequence[str], environ: Mapping[str, str]) -> Settings:
    """Settings from flags, then environment, then defaults; exits with a message at a value that cannot be used.

    A studio that others can reach gets a password made up if none is named. A Hugging Face Space gets none: there
    the platform decides who may come, and nobody would see it printed.
    """
    is_space = "SPACE_ID" in environ
    parser = _parser({"EASEL_LISTEN": "0.0.0.0", **environ} if is_space else environ)
    values = vars(parser.parse_args(argv)) | {"is_space": is_space}
    settings = Settings(**values)
    if settings.is_public and settings.auth is None and not is_space:
        values |= {"auth": ("easel", secrets.token_urlsafe(12)), "is_password_made": True}
    return Settings(**values)


def is_loopback(address: str) -> bool:
    """True for localhost and the loopback addresses, IPv4 and IPv6."""
    try:
        return ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return address == "localhost"


def _parser(environ: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python app.py",
        description="Easel, a studio for diffusion pictures. Every flag can be set by an EASEL_… variable too.",
    )

    def flag(name: str, text: str, default: object = None, **how: object) -> None:
        variable = PREFIX + name.upper().replace("-", "_")
        stated = f" (default: {default})" if default else ""
        value = environ.get(variable) or default
        parser.add_argument(f"--{name}", default=value, help=f"{text}{stated} [{variable}]", **how)

    flag("checkpoint", "the checkpoint to begin with; one that is on this disk, else storybook", metavar="ID")
    flag("listen", "address to listen on; any but loopback asks a password", Settings.listen, metavar="ADDRESS")
    flag("port", "port to listen on; the first free one from 7860", type=_port, metavar="N")
    flag("share", "make a public link, with a password", False, type=_switch, nargs="?", const=True, metavar="YES")
    flag("auth", "ask this user and password", type=_auth, metavar="USER:PASSWORD")
    flag(
        "device",
        "where to compute: auto, cpu, cuda or mps",
        Settings.device,
        type=_one_of("auto", "cpu", "cuda", "mps"),
        metavar="NAME",
    )
    flag(
        "dtype", f"precision of the weights: {', '.join(DTYPES)}", Settings.dtype, type=_one_of(*DTYPES), metavar="NAME"
    )
    flag("models", "folder of your own checkpoints", type=Path, metavar="FOLDER")
    flag("wildcards", "folder of your own wildcard files, beside those that come along", type=Path, metavar="FOLDER")
    flag("cache-dir", "folder of downloaded checkpoints", type=Path, metavar="FOLDER")
    flag("outputs", "folder the pictures are kept in", Settings.outputs, type=Path, metavar="FOLDER")
    flag("offline", "never ask a model hub", False, type=_switch, nargs="?", const=True, metavar="YES")
    return parser


def _port(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"needs a port from 1 to 65535, not '{text}'")
    return int(text)


def _one_of(*words: str) -> Callable[[str], str]:
    def word(text: str) -> str:
        if text not in words:
            raise argparse.ArgumentTypeError(f"needs one of {', '.join(words)}, not '{text}'")
        return text

    return word


def _switch(text: str) -> bool:
    if text.lower() not in TRUE_WORDS:
        raise argparse.ArgumentTypeError(f"needs yes or no, not '{text}'")
    return TRUE_WORDS[text.lower()]


def _auth(text: str) -> tuple[str, str]:
    user, _, password = text.partition(":")
    if not user or len(password) < 8:
        raise argparse.ArgumentTypeError("needs USER:PASSWORD with a password of 8 characters or more")
    return user, password
