"""What a loaded pickle holds: its weights by name, and these as a safetensors file."""

import json
import struct
from collections.abc import Iterator, Mapping
from typing import BinaryIO

import torch
from torch import Tensor

from studio.convert.scan import Refused

# The format's names of what torch calls so.
DTYPES = {
    "float64": "F64",
    "float32": "F32",
    "float16": "F16",
    "bfloat16": "BF16",
    "float8_e4m3fn": "F8_E4M3",
    "float8_e5m2": "F8_E5M2",
    "complex64": "C64",
    "int64": "I64",
    "int32": "I32",
    "int16": "I16",
    "int8": "I8",
    "uint64": "U64",
    "uint32": "U32",
    "uint16": "U16",
    "uint8": "U8",
    "bool": "BOOL",
}
# Where the weights are in what trainers save; the rest is about the training.
WRAPPERS = ("state_dict", "params_ema", "params")
# A1111's embeddings have theirs here, under the word "*"; as safetensors they go by this name.
EMBEDDING, EMBEDDING_NAME = "string_to_param", "emb_params"
DEEPEST, MOST_ENTRIES = 8, 1_000_000


def found(content: object) -> tuple[dict[str, Tensor], int]:
    """The weights by name, and how many other things are left out; Refused if there are none."""
    content, left_out = _unwrapped(content)
    kept: dict[str, Tensor] = {}
    for name, leaf in _leaves(content):
        if not _is_weights(leaf) or name == "__metadata__":
            left_out += 1
        elif name in kept:
            raise Refused("damaged", f"two of its weights are called '{name[:80]}'")
        else:
            kept[name] = leaf.detach()
    if not kept:
        raise Refused("empty")
    return kept, left_out


def write(file: BinaryIO, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> Iterator[int]:
    """Write one tensor after the other, so that no second copy of all is in memory, and say how many bytes are done.

    The format is documented at huggingface.co/docs/safetensors.
    """
    # Wide numbers first, as the format's own writer does: so each lies where its kind may be mapped.
    ordered = sorted(tensors.items(), key=lambda item: (-item[1].element_size(), item[0]))
    header: dict[str, object] = {"__metadata__": metadata}
    end = 0
    for name, tensor in ordered:
        begin, end = end, end + tensor.numel() * tensor.element_size()
        dtype = DTYPES[str(tensor.dtype).removeprefix("torch.")]
        header[name] = {"dtype": dtype, "shape": list(tensor.shape), "data_offsets": [begin, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    file.write(struct.pack("<Q", len(text)) + text)
    done = 0
    for _, tensor in ordered:
        done += file.write(memoryview(tensor.contiguous().reshape(-1).view(torch.uint8).numpy()))
        yield done


def _unwrapped(content: object) -> tuple[object, int]:
    left_out = 0
    for wrapper in WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(wrapper), Mapping):
            left_out += len(content) - 1
            content = content[wrapper]
    if isinstance(content, Mapping) and EMBEDDING in content:
        vectors = getattr(content[EMBEDDING], "tensors", content[EMBEDDING])
        if isinstance(vectors, Mapping) and len(vectors) == 1:
            return {EMBEDDING_NAME: next(iter(vectors.values()))}, left_out + len(content) - 1
    return content, left_out


def _leaves(content: object) -> Iterator[tuple[str, object]]:
    """What lies in nested dicts, in their order, under names joined by dots as safetensors have it."""
    waiting, seen = [("", content, 0)], 0
    while waiting:
        name, value, depth = waiting.pop()
        seen += 1
        if seen > MOST_ENTRIES:
            raise Refused("damaged", f"it holds more than {MOST_ENTRIES:,} things")
        if isinstance(value, Mapping) and depth < DEEPEST:
            inner = [(_joined(name, key), below, depth + 1) for key, below in value.items()]
            waiting.extend(reversed(inner))
        else:
            yield name, value


def _joined(name: str, key: object) -> str:
    text = key.decode("utf-8", "replace") if isinstance(key, bytes) else str(key)
    return f"{name}.{text}" if name else text


def _is_weights(value: object) -> bool:
    return (
        type(value) in (torch.Tensor, torch.nn.Parameter)
        and value.layout == torch.strided
        and value.device.type == "cpu"
        and not value.is_quantized
        and not value.is_nested
        and str(value.dtype).removeprefix("torch.") in DTYPES
    )
