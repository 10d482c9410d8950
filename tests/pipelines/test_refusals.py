"""Every reason has a sentence with what to do, and no secret in it."""

import errno
import pickle

import pytest

from studio.pipelines import refusals
from studio.pipelines.refusals import REASONS

FACTS = {
    "size": 5_000_000_000,
    "folder": "/",
    "seconds": 30,
    "status": 500,
    "wait": "Try again in 9 seconds.",
    "text": "odd",
    "revision": "abc",
    "name": "unet",
}
REMEDIES = ("Start", "Check", "Make", "Accept", "Give", "Choose", "Try", "Sign", "Free", "Name", "Write", "Look", "try")


@pytest.mark.parametrize("reason", REASONS)
def test_a_reason_says_what_it_is_about_and_what_to_do(reason: str) -> None:
    error = refusals.because(reason, "artist/model", **FACTS)
    assert str(error).startswith("Checkpoint: ") and str(error).endswith(".")
    assert any(remedy in str(error) for remedy in REMEDIES)
    copied = pickle.loads(pickle.dumps(error))
    assert (copied.reason, str(copied)) == (reason, str(error))


def test_no_two_reasons_read_alike() -> None:
    assert len({str(refusals.because(reason, "artist/model", **FACTS)) for reason in REASONS}) == len(REASONS)


@pytest.mark.parametrize("reason", sorted({*REASONS} - {"no_layout"}))
def test_what_is_no_checkpoint_is_not_called_one(reason: str) -> None:
    message = str(refusals.because(reason, "artist/model", label="CLIPSeg", **FACTS))
    assert message.startswith("CLIPSeg: ") and "checkpoint" not in message


@pytest.mark.parametrize("code", [None, "GatedRepo", "EntryNotFound"])
@pytest.mark.parametrize("status", [401, 403, 404, 429, 500])
def test_an_answer_is_told_of_what_was_asked_for(status: int, code: str | None) -> None:
    headers = {"X-Error-Code": code} if code else {}
    assert str(refusals.answered(status, headers, "artist/model", label="CLIPSeg")).startswith("CLIPSeg: ")


@pytest.mark.parametrize("error", [OSError(errno.EROFS, "of the disk"), TimeoutError(), ValueError("odd")])
def test_an_error_is_told_of_what_was_asked_for(error: Exception) -> None:
    told = refusals.explained(error, "artist/model", label="CLIPSeg", folder="/")
    assert str(told).startswith("CLIPSeg: ")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (errno.ENOSPC, "disk_full"),
        (errno.EDQUOT, "disk_full"),
        (errno.EFBIG, "too_large"),
        (errno.EROFS, "not_writable"),
        (errno.EACCES, "not_writable"),
    ],
)
def test_a_disk_that_fails_is_told_apart(code: int, reason: str) -> None:
    error = refusals.explained(
        OSError(code, "of the disk"), "artist/model", size=2_000_000_000, folder="/", name="unet"
    )
    assert error.reason == reason and "--cache-dir" in str(error)
    assert ("2.0 GB" in str(error)) == (reason == "disk_full")


@pytest.mark.parametrize(
    "text",
    [
        "rejected: hf_abcDEF123456 is no token",
        "cannot reach https://user:pa55word@mirror.example/api",
        "sent Authorization: Bearer abc.def-ghi",
    ],
)
def test_secrets_are_left_out(text: str) -> None:
    message = str(refusals.explained(RuntimeError(text), "artist/model"))
    for secret in ("hf_abcDEF123456", "pa55word", "abc.def-ghi"):
        assert secret not in message
