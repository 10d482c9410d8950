"""The embeddings that are here: found in their folders, told by their headers, and those that the words of a picture
name.

Nothing is opened but what the scan found, and of that no weight is read.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from tokenizers import Tokenizer

from studio import catalog, prompts, requests
from studio.catalog import Checkpoint
from studio.config import Settings
from studio.errors import InvalidField, LoadError, StudioError
from studio.pipelines import embedding_headers, folders, headers, shelf, sources, tokens
from studio.pipelines.shelf import Stamp
from studio.pipelines.sources import PROJECT
from studio.prompts import Piece
from studio.requests import RULES, TextToImage

BUNDLED = PROJECT / "assets" / "storybook" / "embeddings"
ENCODERS = ("text_encoder", "text_encoder_2")
# Signs of a LoRA's tag, and of the next prompt.
UNSAID = frozenset("<>\n")


@dataclass(frozen=True, kw_only=True)
class EmbeddingFile(embedding_headers.Told):
    """An embedding in the list, and what its header says; its name is that of its file, without the ending."""

    name: str
    path: Path
    size_bytes: int

    @property
    def stamp(self) -> Stamp:
        """What changes when the file does."""
        return shelf.stamp(self.path)

    @property
    def is_bundled(self) -> bool:
        """Whether it comes along."""
        return self.path.is_relative_to(BUNDLED)


@dataclass(frozen=True)
class Vocabulary:
    """The words of a checkpoint: how wide they are in each text encoder, None for one that it does without, and which
    there are, as far as its tokenizer is here."""

    row: Checkpoint
    widths: tuple[int | None, ...]
    tokenizer: Tokenizer | None

    def has(self, name: str) -> bool:
        """Whether a name is one word of it."""
        return self.tokenizer is not None and len(self.tokenizer.encode(name, add_special_tokens=False).ids) == 1

    def are_as_wide(self, widths: tuple[int, ...]) -> bool:
        """Whether vectors of these widths can stand for words."""
        pairs = zip(self.widths, widths, strict=False)
        return len(self.widths) == len(widths) and all(ours in (None, theirs) for ours, theirs in pairs)


def available(settings: Settings) -> list[EmbeddingFile]:
    """Every embedding there is, by name, whatever is wrong with it; the owner's own goes before a bundled one."""
    own = list(shelf.files(settings.models / shelf.EMBEDDINGS)) if settings.models else []
    taken = {tokens.folded(path.stem) for path in own}
    found = own + [path for path in shelf.files(BUNDLED) if tokens.folded(path.stem) not in taken]
    counts = Counter(tokens.folded(path.stem) for path in found)
    rows = [_told(path, shelf.stamp(path)) for path in found]
    rows = [_doubted(row, rows) if counts[tokens.folded(row.name)] > 1 else row for row in rows]
    return sorted(rows, key=lambda row: (row.name.lower(), row.path))


def vocabulary(row: Checkpoint, settings: Settings) -> Vocabulary:
    """The checkpoint's own words; those of its family, of which none is known, if it is not here."""
    usual, folder = catalog.family(row.family).text_widths, sources.folder_of(row, settings)
    if folder is None:
        return Vocabulary(row, usual, None)
    found = [folders.text(folder, f"{name}/config.json") for name in ENCODERS[: len(usual)]]
    widths = tuple(said.get("hidden_size") for said in found)
    has_first = (folder / "tokenizer").is_dir()  # a refiner has the second alone
    return Vocabulary(row, widths, tokens.tokenizer(folder / "tokenizer") if has_first else None)


def unfit(file: EmbeddingFile, words: Vocabulary) -> str:
    """Why an embedding cannot be used with a checkpoint of these words, as a sentence; "" if it can."""
    if not file.problem and words.has(file.name):
        message = f"Embedding: '{file.name}' is a word that the checkpoint knows, and means that."
        return f"{message} Give {file.path.name} another name."
    return file.problem or _misfit(file, words)


def counts(row: Checkpoint, settings: Settings) -> dict[str, int]:
    """How many vectors each embedding has that can be used with a checkpoint, by its name."""
    rows = available(settings)
    words = vocabulary(row, settings) if rows else None
    return {file.name: file.vectors for file in rows if not unfit(file, words)}


def check(request: TextToImage, row: Checkpoint, settings: Settings) -> None:
    """InvalidField if the words of a picture name an embedding that cannot be used with the checkpoint."""
    named = _Named(row, settings)
    for index in range(requests.count(request) if named.rows else 0):
        named.of(requests.single(request, index))


def used(request: TextToImage, row: Checkpoint, settings: Settings) -> list[EmbeddingFile]:
    """The files that the words of a request for one picture name, by name; InvalidField as of `check`."""
    return _Named(row, settings).of(request)


class _Named:
    """Finds what the words of requests name, among the embeddings that are here now."""

    def __init__(self, row: Checkpoint, settings: Settings) -> None:
        self.rows = available(settings)
        self._words = vocabulary(row, settings) if self.rows else None

    def of(self, request: TextToImage) -> list[EmbeddingFile]:
        """The files that a request for one picture names; InvalidField if one cannot be used."""
        found: dict[str, EmbeddingFile] = {}
        known = {tokens.folded(file.name): file for file in self.rows}
        for field in ("prompt", "negative_prompt") if _is_guided(request) else ("prompt",):
            for name in tokens.named(getattr(request, field), [file.name for file in self.rows]):
                if self._words.has(name):
                    continue
                if why := unfit(known[name], self._words):
                    raise InvalidField(field, why.replace("Embedding:", f"{RULES[field].label}: the embedding", 1))
                found[name] = known[name]
        return [found[name] for name in sorted(found)]


def _is_guided(request: TextToImage) -> bool:
    """Whether the negative prompt is heard."""
    return request.guidance_scale is None or request.guidance_scale > 1


def _misfit(file: EmbeddingFile, words: Vocabulary) -> str:
    row, family = words.row, catalog.family(words.row.family)
    if "textual_inversion" not in family.capabilities:
        message = f"Embedding: {file.name} cannot be used with {row.label}, since {family.label} takes none here."
        return f"{message} Choose another checkpoint, or leave it out."
    if words.are_as_wide(file.widths):
        return ""
    ours, theirs = embedding_headers.widths(words.widths), embedding_headers.widths(file.widths)
    made_for = catalog.family(file.family).label if file.family else ""
    whose = f" and for {made_for}" if made_for else ""
    choice = f"a checkpoint of {made_for}" if made_for else "another embedding"
    message = f"Embedding: {file.name} is {theirs} wide{whose}, but words of {row.label} are {ours} wide"
    return f"{message} ({family.label}). Choose {choice}, or leave it out."


def _doubted(file: EmbeddingFile, rows: Sequence[EmbeddingFile]) -> EmbeddingFile:
    twins = [row.path for row in rows if tokens.folded(row.name) == tokens.folded(file.name)]
    those = ", ".join(sorted(f"{path.parent.name}/{path.name}" for path in twins))
    problem = f"Embedding: {file.name} is the name of {len(twins)} files: {those}. Rename all but one."
    return replace(file, problem=problem)


def _can_be_said(name: str) -> bool:
    """Whether a prompt can hold the name: not if it is read as a choice, a wildcard, or the tag of a LoRA."""
    try:
        said = prompts.weighted(prompts.expanded(prompts.literal(name), 0, {}))
    except StudioError:
        return False
    texts = [piece.text.lower() for piece in said if isinstance(piece, Piece)]
    return bool(name.strip()) and texts == [name.lower()] and not UNSAID & set(name)


@lru_cache(maxsize=4096)
def _told(path: Path, stamp: Stamp) -> EmbeddingFile:
    """`stamp` makes it told anew when the file has changed."""
    blank = EmbeddingFile(name=path.stem, path=path, size_bytes=sum(size for _, _, size in stamp))
    if not _can_be_said(path.stem):
        return replace(blank, problem=f"Embedding: {path.name} has a name that no prompt can hold. Rename it.")
    try:
        told = embedding_headers.tell(headers.read(path))
    except LoadError as error:
        return replace(blank, problem=f"Embedding: {str(error).partition(': ')[2]}")
    problem = told.problem and f"Embedding: {path.name} {told.problem}."
    return replace(blank, **vars(told) | {"problem": problem})
