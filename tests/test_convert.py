"""Pickles become safetensors with the same weights; hostile and broken ones are refused, and nothing of them is run."""

import io
import os
import pickle
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from studio import convert
from studio.convert import Limits, weights
from studio.convert.scan import Refused
from studio.errors import Cancelled, LoadError

PROJECT = Path(__file__).resolve().parents[1]


class Evil:
    """Touches a file when it is unpickled."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[Callable, tuple[str]]:
        return os.system, (f"touch {self.canary}",)


class EvilByTorch(Evil):
    """Does so through a function of torch itself, which only its own unpickler tells from the harmless ones."""

    def __reduce__(self) -> tuple[Callable, tuple[str]]:
        from torch.utils.collect_env import run

        return run, (f"touch {self.canary}",)


class EvilWithin(Evil):
    """Does so through another pickle inside."""

    def __reduce__(self) -> tuple[Callable, tuple[bytes]]:
        return pickle.loads, (pickle.dumps(Evil(self.canary)),)


def saved(content: object, path: Path, **how: object) -> Path:
    torch.save(content, path, **how)
    return path


def pickled(content: object, path: Path, protocol: int) -> Path:
    path.write_bytes(pickle.dumps(content, protocol))
    return path


def assert_same(path: Path, tensors: dict[str, Tensor]) -> None:
    """Names, precision and every bit."""
    found = load_file(path)
    assert found.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert found[name].dtype == tensor.dtype and found[name].equal(tensor)


def leftovers(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.suffix in {".part", ".safetensors"}}


def test_a_checkpoint_keeps_its_weights_and_names_its_origin(tmp_path: Path) -> None:
    wide = torch.randn(4, 6)
    tensors = {"half": wide.half(), "brain": wide.bfloat16(), "turned": wide.t(), "same": wide, "one": torch.tensor(3)}
    content = {"state_dict": tensors, "epoch": 3, "best": np.float64(0.5), "optimizer_states": [{"lr": 1.0}]}
    path, seen = saved(content, tmp_path / "v1.5.ckpt"), []
    made = convert.conversion(path, on_progress=lambda done, total: seen.append((done, total)))
    assert made.path == tmp_path / "v1.5.safetensors" and (made.tensors, made.left_out) == (5, 3)
    assert_same(made.path, tensors)
    with safe_open(made.path, "pt") as file:
        metadata = file.metadata()
    assert metadata["converted_from"] == "v1.5.ckpt" and len(metadata["source_sha256"]) == 64
    assert [done for done, _ in seen] == sorted(done for done, _ in seen) and seen[-1][0] == seen[-1][1]
    assert leftovers(tmp_path) == {"v1.5.safetensors"}


def test_weights_of_the_first_format_are_converted_too(tmp_path: Path) -> None:
    tensors = {"lora_unet.down.weight": torch.randn(4, 4), "lora_unet.alpha": torch.tensor(4.0)}
    path = saved(tensors, tmp_path / "lora.pt", _use_new_zipfile_serialization=False)
    assert_same(convert.converted(path), tensors)


def test_an_embedding_of_a1111_is_converted_too(tmp_path: Path) -> None:
    vectors = torch.randn(2, 768)
    kept = torch.nn.ParameterDict({"*": torch.nn.Parameter(vectors)})
    path = saved({"string_to_token": {"*": 265}, "string_to_param": kept, "name": "x"}, tmp_path / "x.pt")
    assert_same(convert.converted(path), {"emb_params": vectors})


def test_nested_weights_get_the_names_that_safetensors_have() -> None:
    first, second = torch.ones(2), torch.zeros(3)
    found, left_out = weights.found({"image_proj": {"a.weight": first}, "ip_adapter": {"1.b": second}, "version": 2})
    assert list(found) == ["image_proj.a.weight", "ip_adapter.1.b"] and left_out == 1
    assert weights.found({"params_ema": {"conv.weight": first}})[0].keys() == {"conv.weight"}
    found, left_out = weights.found({"string_to_param": {"*": first}, "name": "x"})
    assert list(found) == ["emb_params"] and left_out == 1


def test_what_is_no_plain_tensor_is_left_out_and_counted() -> None:
    odd = {"sparse": torch.eye(3).to_sparse(), "meta": torch.ones(2, device="meta"), "none": None, "list": [1]}
    found, left_out = weights.found({"w": torch.ones(2), **odd})
    assert list(found) == ["w"] and left_out == 4
    with pytest.raises(Refused, match="empty"):
        weights.found({"epoch": 3})
    with pytest.raises(Refused, match="two of its weights"):
        weights.found({"a": {"b": torch.ones(1)}, "a.b": torch.ones(1)})


def test_a_dict_that_holds_itself_ends() -> None:
    content: dict[str, object] = {"w": torch.ones(2)}
    content["state_dict"] = content["again"] = content
    assert "w" in weights.found(content)[0]


HOSTILE: dict[str, Callable[[Path, Path], Path]] = {
    "zip": lambda canary, path: saved({"w": torch.ones(2), "x": Evil(canary)}, path),
    "first format": lambda canary, path: saved({"x": Evil(canary)}, path, _use_new_zipfile_serialization=False),
    "protocol 0": lambda canary, path: pickled(Evil(canary), path, 0),
    "protocol 2": lambda canary, path: pickled({"x": Evil(canary)}, path, 2),
    "protocol 5": lambda canary, path: pickled({"x": Evil(canary)}, path, 5),
    "nested": lambda canary, path: saved({"x": EvilWithin(canary)}, path),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_pickle_is_refused_by_name_and_not_run(name: str, tmp_path: Path) -> None:
    path = HOSTILE[name](tmp_path / "canary", tmp_path / "evil.ckpt")
    assert convert.is_pickle(path)
    wanted = "pickle.loads" if name == "nested" else "posix.system"
    with pytest.raises(LoadError, match=rf"evil\.ckpt wants to run {wanted}.*None of it was run"):
        convert.converted(path)
    assert not (tmp_path / "canary").exists() and not leftovers(tmp_path)


def test_torch_s_own_functions_are_refused_though_the_environment_says_otherwise(tmp_path: Path) -> None:
    """The variable lets torch.load open any pickle as it likes; the process that opens ours never sees it."""
    path = saved({"x": EvilByTorch(tmp_path / "canary")}, tmp_path / "evil.pt")
    done = command_line(path, TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD="1")
    assert done.returncode == 1 and "evil.pt wants to run torch.utils.collect_env.run" in done.stderr
    assert not (tmp_path / "canary").exists()


def command_line(*arguments: object, **environment: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "studio.convert", *map(str, arguments)]
    how = {"capture_output": True, "text": True, "cwd": PROJECT, "env": os.environ | environment}
    return subprocess.run(command, check=False, **how)


def test_the_command_line_says_what_became_of_each_file(tmp_path: Path) -> None:
    good = saved({"w": torch.ones(2), "step": 1}, tmp_path / "good.ckpt")
    done = command_line(good, tmp_path / "none.ckpt")
    assert done.stdout == "good.ckpt → good.safetensors: 1 tensors, 1 other things left out\n"
    assert done.stderr == "Convert: none.ckpt is no file. Check the name.\n" and done.returncode == 1
    assert "FILE" in command_line("--help").stdout


def cut(path: Path) -> None:
    data = saved({"w": torch.ones(100)}, path).read_bytes()
    path.write_bytes(data[: len(data) // 2])


def garbled(path: Path) -> None:
    data = saved({"w": torch.ones(100)}, path).read_bytes()
    path.write_bytes(data.replace(b"PK\x01\x02", b"PK\x07\x07"))


def archive(path: Path, compression: int = zipfile.ZIP_STORED, **files: bytes) -> None:
    with zipfile.ZipFile(path, "w", compression) as made:
        for name, data in files.items():
            made.writestr(f"archive/{name.replace('_', '.')}", data)


def tape(path: Path) -> None:
    with tarfile.open(path, "w") as made:
        made.addfile(tarfile.TarInfo("storages"), io.BytesIO())


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty": (lambda path: path.write_bytes(b""), "is empty"),
    "page": (lambda path: path.write_text("<!doctype html><title>Not found</title>"), "is a web page"),
    "text": (lambda path: path.write_text("Not Found. " * 99), "is damaged"),
    "pointer": (lambda path: path.write_text("version https://git-lfs.github.com/spec/v1\n"), "is a Git LFS pointer"),
    "safetensors": (lambda path: save_file({"w": torch.ones(2)}, path), "is a safetensors file already"),
    "tar": (tape, "is a tar archive"),
    "cut": (cut, "is damaged"),
    "garbled": (garbled, "is damaged"),
    "other archive": (lambda path: archive(path, readme_txt=b"hello"), "not one of weights"),
    "program": (lambda path: archive(path, data_pkl=b"\x80\x02N.", constants_pkl=b""), "is a TorchScript program"),
    "zip bomb": (
        lambda path: archive(path, zipfile.ZIP_DEFLATED, data_pkl=b"\x80\x02N.", data_0=bytes(10_000_000)),
        "claims 10,000,004 bytes",
    ),
    "packed": (lambda path: archive(path, zipfile.ZIP_DEFLATED, data_pkl=b"\x80\x02N."), "was packed anew"),
    "terabytes": (lambda path: saved({"w": torch.ones(1).expand(10**12)}, path), "claims 4,000,000,000,000 bytes"),
    "plain pickle": (lambda path: pickled({"w": [1.0, 2.0]}, path, 4), "torch.save did not write"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_pickle_of_weights_is_refused_with_the_reason(name: str, tmp_path: Path) -> None:
    make, words = BROKEN[name]
    make(tmp_path / "x.ckpt")
    with pytest.raises(LoadError, match=f"x.ckpt.*{words}"):
        convert.converted(tmp_path / "x.ckpt")
    assert not leftovers(tmp_path)


def test_a_claim_of_more_memory_than_there_may_be_is_refused(tmp_path: Path) -> None:
    path = saved({"w": torch.ones(70_000)}, tmp_path / "x.pt", _use_new_zipfile_serialization=False)
    data = path.read_bytes()
    assert (70_000).to_bytes(4, "little") in data
    path.write_bytes(data.replace((70_000).to_bytes(4, "little"), (2**31 - 1).to_bytes(4, "little")))
    with pytest.raises(LoadError, match=r"x\.pt needs more memory"):
        convert.converted(path)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    path = saved({"w": torch.ones(2)}, tmp_path / "x.ckpt")
    (tmp_path / "x.safetensors").write_bytes(b"mine")
    with pytest.raises(LoadError, match=r"x\.safetensors, which is there already"):
        convert.converted(path)
    assert (tmp_path / "x.safetensors").read_bytes() == b"mine"


def test_a_pickle_under_a_false_name_is_not_touched(tmp_path: Path) -> None:
    path = saved({"x": Evil(tmp_path / "canary")}, tmp_path / "x.SAFETENSORS")
    with pytest.raises(LoadError, match=r"Rename it to x\.ckpt"):
        convert.converted(path)
    assert not (tmp_path / "canary").exists()


def test_limits_of_size_and_time_hold(tmp_path: Path) -> None:
    path = saved({"w": torch.ones(2)}, tmp_path / "x.ckpt")
    with pytest.raises(LoadError, match="more than the 100 that are converted"):
        convert.converted(path, limits=Limits(most_bytes=100))
    with pytest.raises(LoadError, match="longer to open than the 1 seconds"):
        convert.converted(path, limits=Limits(seconds=1))
    assert not leftovers(tmp_path)


def test_a_conversion_can_be_stopped_at_any_moment(tmp_path: Path) -> None:
    path = saved({"w": torch.ones(2)}, tmp_path / "x.ckpt")

    def stop(done: int, total: int) -> None:
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        convert.converted(path, on_progress=stop)
    assert not leftovers(tmp_path)
    assert not [child for child in psutil.Process().children() if "studio.convert" in " ".join(child.cmdline())]


def test_a_disk_that_takes_no_more_is_told(tmp_path: Path) -> None:
    path = saved({"w": torch.ones(100_000)}, tmp_path / "x.ckpt")
    small = f"ulimit -f 64; exec {sys.executable} -m studio.convert {path}"
    done = subprocess.run(["sh", "-c", small], check=False, capture_output=True, text=True, cwd=PROJECT)
    assert done.returncode == 1 and "takes no file of that size" in done.stderr
    assert not leftovers(tmp_path)


def test_what_is_no_file_is_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.ckpt")  # opening it would wait for ever
    for path in (tmp_path, tmp_path / "pipe.ckpt", Path("/dev/zero")):
        with pytest.raises(LoadError, match="is no file"):
            convert.converted(path)
