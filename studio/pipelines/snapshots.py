"""What of a repository a pipeline needs, and where it lies in Hugging Face's cache; asks nobody."""

import os
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from studio.pipelines import refusals
from studio.pipelines.folders import INDEX, WEIGHTS
from studio.pipelines.layouts import PARTS as NETWORKS

# Half the bytes of the plain weights, and what a graphics card computes with.
HALF = "fp16"
# The folders of Stable Diffusion's pipelines; what else lies in a repository is a duplicate, or of other libraries.
PARTS = ("scheduler", "tokenizer", "tokenizer_2", "tokenizer_3", *NETWORKS)
CONFIG = re.compile(r"\w[\w.-]*\.(json|txt|model)")
SHARDS = re.compile(r"(?:diffusion_pytorch_model|model)\.safetensors\.index(?:\.(\w+))?\.json")
# The text that says what a single network is.
NETWORK = "config.json"
# Vocabularies are of a few megabytes; a text that claims more is none.
CONFIG_BYTES = 32 * 2**20


@dataclass(frozen=True)
class HubFile:
    """A file of a repository; `etag` is its SHA-256 if it is kept in LFS, else its git blob id."""

    name: str
    size_bytes: int
    etag: str

    @property
    def part(self) -> str:
        """The folder it lies in."""
        return self.name.rpartition("/")[0]

    @property
    def variant(self) -> str | None:
        """The variant of these weights or of this table of shards, "" for the plain one; None for other files."""
        found = WEIGHTS.fullmatch(self._base) or SHARDS.fullmatch(self._base)
        return next(filter(None, found.groups()), "") if found else None

    @property
    def is_config(self) -> bool:
        """Whether it is one of the texts a pipeline is built from."""
        is_text = bool(CONFIG.fullmatch(self._base)) and ".index." not in self._base
        return self.name == INDEX or (self.part in PARTS and is_text and self.size_bytes <= CONFIG_BYTES)

    @property
    def _base(self) -> str:
        return self.name.rpartition("/")[2]


def configs(files: Iterable[HubFile], left_out: Collection[str] = ()) -> list[HubFile]:
    """The model index and the texts of all parts: what a single file of weights is read with."""
    return [file for file in files if file.is_config and file.part not in left_out]


def wanted(files: Iterable[HubFile], variant: str, left_out: Collection[str] = ()) -> list[HubFile]:
    """The configs, and one set of safetensors a network: of `variant`, "" being the plain one, or what there is."""
    files = list(files)
    chosen = configs(files, left_out)
    for network in set(NETWORKS) - set(left_out):
        chosen += _weights(files, network, variant)
    return sorted(chosen, key=lambda file: file.name)


def network(files: Iterable[HubFile], variant: str = "") -> list[HubFile]:
    """Config and weights, of the variant if there is one, of a repository that is a single network, such as a VAE."""
    files = list(files)
    return [file for file in files if file.name == NETWORK] + _weights(files, "", variant)


def bare_networks(files: Iterable[HubFile]) -> list[str]:
    """The networks that are described among these files but have no safetensors there."""
    described = {file.part for file in files if file.name.endswith("/config.json")}
    return sorted(described.intersection(NETWORKS) - {file.part for file in files if file.variant is not None})


def _weights(files: Iterable[HubFile], part: str, variant: str) -> list[HubFile]:
    weights = [file for file in files if file.part == part]
    for choice in (variant, "", HALF):
        if chosen := [file for file in weights if file.variant == choice]:
            return chosen
    return []


@dataclass(frozen=True)
class Snapshot:
    """One commit of a repository in the cache: blobs named by etag, and a folder of links to them.

    The layout is documented at huggingface.co/docs/huggingface_hub/guides/manage-cache. Errors begin with its label.
    """

    cache: Path
    repo: str
    commit: str
    label: str = refusals.CHECKPOINT

    @property
    def folder(self) -> Path:
        """Where the repository's files are found by their names."""
        return self._root / "snapshots" / self.commit

    def blob(self, file: HubFile) -> Path:
        """Where the file's bytes lie once they are whole."""
        return self._root / "blobs" / file.etag

    def partial(self, file: HubFile) -> Path:
        """Where the bytes of a download that is not done lie."""
        return self._root / "blobs" / f"{file.etag}.incomplete"

    def lock(self, file: HubFile) -> Path:
        """The lock that huggingface_hub takes too while it writes that blob."""
        return self.cache / ".locks" / self._root.name / f"{file.etag}.lock"

    def has(self, file: HubFile) -> bool:
        """Whether the file is here under its name and whole."""
        return _size(self.folder / file.name) == file.size_bytes

    def has_blob(self, file: HubFile) -> bool:
        """Whether the file's bytes are here, if only under another name."""
        return _size(self.blob(file)) == file.size_bytes

    def missing_bytes(self, file: HubFile) -> int:
        """How many bytes of the file have yet to come."""
        if self.has(file) or self.has_blob(file):
            return 0
        return max(file.size_bytes - (_size(self.partial(file)) or 0), 0)

    def link(self, file: HubFile) -> None:
        """Let the whole blob be found by its name."""
        name = self.folder / file.name
        name.parent.mkdir(parents=True, exist_ok=True)
        name.unlink(missing_ok=True)
        try:
            name.symlink_to(os.path.relpath(self.blob(file), name.parent))
        except OSError:  # Windows keeps links for developers
            self.blob(file).replace(name)

    def name_it(self, revision: str) -> None:
        """Let a branch or tag stand for this commit from now on."""
        if revision != self.commit:
            reference = self._root / "refs" / revision
            reference.parent.mkdir(parents=True, exist_ok=True)
            made = reference.with_name(f"{reference.name}.{os.getpid()}.tmp")
            made.write_text(self.commit, "ascii")
            made.replace(reference)

    @property
    def _root(self) -> Path:
        return self.cache / f"models--{self.repo.replace('/', '--')}"


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
