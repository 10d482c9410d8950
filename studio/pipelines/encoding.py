"""Prompts to embeddings: weights, any length and clip skip, for pipelines of one CLIP, of two, and of two with T5."""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from typing import NamedTuple

import torch
from diffusers import DiffusionPipeline
from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase
from transformers.modeling_outputs import BaseModelOutput

from studio.errors import InvalidField
from studio.pipelines import tokens
from studio.pipelines.embedding_vectors import Embedding
from studio.pipelines.tokens import Chunk
from studio.requests import RULES, TextToImage

CLIP_WINDOW = 77
T5_WINDOW = 256  # what diffusers gives it by default
MOST_CHUNKS = 600  # 10,000 letters of any script make fewer; each costs a run of every encoder
BUDGET_BYTES = 64 * 2**20


class Encoded(NamedTuple):
    """One prompt, as a batch of one: CLIP's tokens, T5's tokens, and what is said of the whole."""

    clip: Tensor
    t5: Tensor | None
    pooled: Tensor | None


# From a field's name, its text and a clip skip to what the pipeline at hand makes of it.
Look = Callable[[str, str, int], Encoded]


def encode(
    pipe: DiffusionPipeline,
    prompt: str,
    negative_prompt: str,
    *,
    clip_skip: int = 0,
    guided: bool = True,
    embeddings: Sequence[Embedding] = (),
) -> dict[str, Tensor]:
    """Both prompts as keyword arguments for a call of the pipeline; without guidance only the first.

    A plain prompt of one chunk gives diffusers' own numbers to the bit, an empty negative prompt those of
    `negative_prompt=None`. Longer prompts are read in chunks, one after the other in the embeddings, and the shorter
    of the two is filled up with chunks of the empty prompt; what is said of the whole is said of the first chunk.

    `clip_skip` layers are left out: in Stable Diffusion 1 and 2 for both prompts as in AUTOMATIC1111, and with the
    final norm; in SDXL and 3, which read the last layer but one to begin with, for the prompt alone as in diffusers.
    In Stable Diffusion 3, T5 reads the same pieces in chunks of 255 tokens; without it zeros stand for one chunk.

    Words that name one of the `embeddings` are read as its vectors; tokenizers and encoders stay as they are.

    InvalidField if the encoder has not so many layers, or a prompt makes more than 600 chunks.
    """

    def look(field: str, text: str, skip: int) -> Encoded:
        return _encoded(pipe, field, text, skip, embeddings)

    return _arguments(pipe, (prompt, negative_prompt), clip_skip=clip_skip, guided=guided, look=look)


class Encodings:
    """Prompts encoded lately, so that another seed runs no encoder; prompt and negative prompt are kept apart.

    The least recently used leave when all together pass `budget_bytes`.
    """

    def __init__(self, budget_bytes: int = BUDGET_BYTES) -> None:
        self._budget_bytes = budget_bytes
        self._kept: OrderedDict[tuple, Encoded] = OrderedDict()
        self._heard: dict[str, tuple[object, ...]] = {}

    def hear(self, checkpoint: str, heard: tuple[object, ...]) -> None:
        """From now on the checkpoint's text encoders hear these LoRAs (`Leases.heard`): others are other encoders."""
        self._heard[checkpoint] = heard

    def of(
        self, pipe: DiffusionPipeline, request: TextToImage, embeddings: Sequence[Embedding] = ()
    ) -> dict[str, Tensor]:
        """The words of a resolved request as `encode` has them, but what is kept of them is not encoded again."""
        checkpoint = request.checkpoint
        by_name = {tokens.folded(one.name): one for one in embeddings}

        def look(field: str, text: str, skip: int) -> Encoded:
            used = [by_name[name] for name in tokens.named(text, [one.name for one in embeddings])]
            key = (checkpoint, text, skip, self._heard.get(checkpoint, ()), tuple(one.stamp for one in used))
            if key not in self._kept:
                self._kept[key] = _encoded(pipe, field, text, skip, used)
            self._kept.move_to_end(key)
            return self._kept[key]

        both, how = (request.prompt, request.negative_prompt), {"guided": request.guidance_scale > 1, "look": look}
        arguments = _arguments(pipe, both, clip_skip=request.clip_skip, **how)
        while self.size_bytes() > self._budget_bytes:
            self._kept.popitem(last=False)
        return arguments

    def forget(self, checkpoint: str) -> None:
        """Drop what is kept for the checkpoint: its weights leave, or are about to change."""
        self._heard.pop(checkpoint, None)
        for key in [key for key in self._kept if key[0] == checkpoint]:
            del self._kept[key]

    def size_bytes(self) -> int:
        """Bytes of the embeddings kept."""
        return sum(part.nbytes for encoded in self._kept.values() for part in encoded if part is not None)


class _Reader(NamedTuple):
    """A text encoder with its tokenizer, how many tokens it reads at once, and the vectors it may be given for some."""

    tokenizer: PreTrainedTokenizerBase
    encoder: PreTrainedModel
    window: int
    embeddings: Sequence[Embedding] = ()
    number: int = 0

    def chunks(self, text: str) -> list[Chunk]:
        room = self.window - (2 if self._begins() else 1)
        counts = {one.name: len(one.vectors[self.number]) for one in self.embeddings}
        return list(tokens.chunks(text, self._tokenize, room, embeddings=counts))

    def read(self, ids: Sequence[int], device: torch.device, **how: bool) -> BaseModelOutput:
        """What the encoder makes of a chunk; ids below 0 are vectors, of which the encoder keeps none."""
        begin = [self.tokenizer.bos_token_id] if self._begins() else []
        whole = self._filled([*begin, *ids, self.tokenizer.eos_token_id], self.tokenizer.pad_token_id)
        given = torch.tensor([whole], device=device)
        with self._meant(given):
            return self.encoder(given.clamp(min=0), **how)

    @contextmanager
    def _meant(self, ids: Tensor) -> Iterator[None]:
        """Let ids below 0 mean their vectors, as long as this lasts."""
        is_vector = ids < 0
        if not is_vector.any():
            yield
            return
        vectors = torch.cat([one.vectors[self.number] for one in self.embeddings])

        def put(layer: nn.Module, given: tuple[Tensor], words: Tensor) -> Tensor:
            words = words.clone()
            words[is_vector] = vectors.to(words)[-1 - ids[is_vector]]
            return words

        hook = self.encoder.get_input_embeddings().register_forward_hook(put)
        try:
            yield
        finally:
            hook.remove()

    def weights(self, weights: Sequence[float]) -> Tensor:
        begin = [1.0] if self._begins() else []
        return torch.tensor(self._filled([*begin, *weights], 1.0)).unsqueeze(-1)

    def _begins(self) -> bool:
        return self.tokenizer.bos_token_id is not None

    def _filled(self, row: list, blank: float) -> list:
        return row + [blank] * (self.window - len(row))

    def _tokenize(self, text: str) -> tuple[Sequence[int], Sequence[tuple[int, int]]]:
        found = self.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        return found.input_ids, found.offset_mapping


# From a reader and the ids of a chunk to its tokens' embeddings and, of some encoders, one of the whole.
State = Callable[[_Reader, Sequence[int]], tuple[Tensor, Tensor | None]]


def _arguments(
    pipe: DiffusionPipeline, both: tuple[str, str], *, clip_skip: int, guided: bool, look: Look
) -> dict[str, Tensor]:
    prompt, negative_prompt = both
    positive = look("prompt", prompt, clip_skip)
    if not guided:
        return _named(positive, "")
    is_empty = not negative_prompt.strip()
    if is_empty and getattr(pipe.config, "force_zeros_for_empty_prompt", False):
        negative = Encoded(*(part if part is None else torch.zeros_like(part) for part in positive))
        return _named(positive, "") | _named(negative, "negative_")
    negative_skip = 0 if _has_two(pipe) else clip_skip
    negative = look("negative_prompt", "" if is_empty else negative_prompt, negative_skip)
    positive_filled = _filled(positive, negative, lambda: look("prompt", "", clip_skip))
    negative_filled = _filled(negative, positive, lambda: look("negative_prompt", "", negative_skip))
    return _named(positive_filled, "") | _named(negative_filled, "negative_")


def _filled(one: Encoded, other: Encoded, empty: Callable[[], Encoded]) -> Encoded:
    """The one with chunks of the empty prompt after its own, until it has as many as the other."""

    def filled(name: str) -> Tensor | None:
        part, longer = getattr(one, name), getattr(other, name)
        if part is None or part.shape[1] >= longer.shape[1]:
            return part
        blank = getattr(empty(), name)
        return torch.cat([part, *[blank] * ((longer.shape[1] - part.shape[1]) // blank.shape[1])], dim=1)

    return Encoded(filled("clip"), filled("t5"), one.pooled)


def _named(encoded: Encoded, role: str) -> dict[str, Tensor]:
    """The embeddings by diffusers' names; Stable Diffusion 3 takes T5's tokens after CLIP's, in one sequence."""
    embeds, t5, pooled = encoded
    if t5 is not None:
        embeds = torch.cat([nn.functional.pad(embeds, (0, t5.shape[-1] - embeds.shape[-1])), t5], dim=-2)
    named = {f"{role}prompt_embeds": embeds}
    return named if pooled is None else named | {f"{role}pooled_prompt_embeds": pooled}


@torch.no_grad()
def _encoded(
    pipe: DiffusionPipeline, field: str, text: str, clip_skip: int, embeddings: Sequence[Embedding]
) -> Encoded:
    """The text as every encoder of the pipeline reads it; what two CLIPs say is side by side in each token."""
    readers = _readers(pipe, ("", "_2"), CLIP_WINDOW, embeddings)
    has_two, device = _has_two(pipe), pipe._execution_device
    layer = clip_skip + (2 if has_two else 1)
    _check_layers(readers, layer, clip_skip)

    def state(reader: _Reader, ids: Sequence[int]) -> tuple[Tensor, Tensor | None]:
        found = reader.read(ids, device, output_hidden_states=True)
        hidden = found.hidden_states[-layer]
        # diffusers' own way to the norm ends in an AttributeError with transformers 5.
        hidden = hidden if has_two else _norm(reader.encoder)(hidden)
        return hidden, found[0] if has_two and found[0].ndim == 2 else None

    read = [reader.chunks(text) for reader in readers]
    most = max(len(chunks) for chunks in read)
    _check_length(field, most)
    rows = [
        # Two tokenizers may differ in a sign or two, and so in a chunk.
        _read(reader, chunks + [Chunk()] * (most - len(chunks)), state)
        for reader, chunks in zip(readers, read, strict=True)
    ]
    pooled = [whole for _, whole in rows if whole is not None]
    clip = torch.cat([hidden for hidden, _ in rows], dim=-1)
    return Encoded(clip, _t5(pipe, text), torch.cat(pooled, dim=-1) if pooled else None)


def _t5(pipe: DiffusionPipeline, text: str) -> Tensor | None:
    """The text as T5 reads it: None for pipelines that know no T5, zeros for those that left it out."""
    if not hasattr(pipe, "text_encoder_3"):
        return None
    device = pipe._execution_device
    if pipe.text_encoder_3 is None:
        width = pipe.transformer.config.joint_attention_dim
        return torch.zeros((1, T5_WINDOW, width), device=device, dtype=pipe.text_encoder.dtype)

    def state(reader: _Reader, ids: Sequence[int]) -> tuple[Tensor, None]:
        return reader.read(ids, device)[0], None

    (reader,) = _readers(pipe, ("_3",), T5_WINDOW)
    return _read(reader, reader.chunks(text), state)[0]


def _read(reader: _Reader, chunks: list[Chunk], state: State) -> tuple[Tensor, Tensor | None]:
    """The chunks' tokens one after another, and what is said of the first chunk.

    A token of weight w moves along the line from the empty prompt's token at its place: `empty + (token - empty) w`,
    as in compel (`build_weighted_embedding_tensor`) and ComfyUI (`comfy/sd1_clip.py`). Each chunk is a batch of its
    own, since the bits of a row depend on how many there are.
    """
    state_of = cache(partial(state, reader))
    rows = []
    for chunk in chunks:
        row, _ = state_of(chunk.ids)
        if any(weight != 1 for weight in chunk.weights):
            empty, weights = state_of(())[0], reader.weights(chunk.weights).to(row)
            row = torch.where(weights == 1, row, empty + (row - empty) * weights)
        rows.append(row)
    return torch.cat(rows, dim=1).to(reader.encoder.dtype), state_of(chunks[0].ids)[1]


def _readers(
    pipe: DiffusionPipeline, suffixes: Sequence[str], window: int, embeddings: Sequence[Embedding] = ()
) -> list[_Reader]:
    """The tokenizers and text encoders that the pipeline has of these; a refiner lacks the first."""
    found = [(getattr(pipe, f"tokenizer{end}", None), getattr(pipe, f"text_encoder{end}", None)) for end in suffixes]
    made = [_Reader(*parts, window, embeddings, number) for number, parts in enumerate(found)]
    return [reader for reader in made if reader.encoder is not None]


def _has_two(pipe: DiffusionPipeline) -> bool:
    """True for SDXL and Stable Diffusion 3."""
    return hasattr(pipe, "text_encoder_2")


def _norm(encoder: PreTrainedModel) -> nn.Module:
    return getattr(encoder, "final_layer_norm", None) or encoder.text_model.final_layer_norm


def _check_layers(readers: list[_Reader], layer: int, clip_skip: int) -> None:
    most = min(reader.encoder.config.num_hidden_layers for reader in readers) + 1
    if layer > most:
        left = clip_skip - (layer - most)
        message = f"{RULES['clip_skip'].label}: the checkpoint's text encoder can leave out {left} layers; "
        raise InvalidField("clip_skip", f"{message}{clip_skip} are too many.")


def _check_length(field: str, chunks: int) -> None:
    if chunks > MOST_CHUNKS:
        message = f"{RULES[field].label}: {chunks} chunks of {tokens.ROOM} tokens are more than {MOST_CHUNKS}. "
        raise InvalidField(field, f"{message}Shorten it, or leave out some BREAK.")
