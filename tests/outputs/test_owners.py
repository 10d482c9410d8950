"""An owner's folder tells nothing of the cookie, and no owner's is another's."""

import re
from pathlib import Path, PurePosixPath

import pytest

from studio.outputs.owners import key_of, owner_folder, owner_folders, owner_key


@pytest.mark.parametrize("cookie", ["a" * 32, "../../etc", "", "Local", "\ud800", "😀" * 1000, "local "])
def test_a_visitors_key_is_a_digest(cookie: str) -> None:
    key = owner_key(cookie)
    assert re.fullmatch(r"[0-9a-f]{32}", key) and cookie not in (key, "local")
    assert owner_folder(Path("o"), key) == Path("o/visitors") / key


def test_the_owner_of_a_local_studio_has_the_folder_itself() -> None:
    assert owner_key("local") == "" and owner_folder(Path("o"), "") == Path("o")


def test_folders_tell_their_owner(tmp_path: Path) -> None:
    key = owner_key("someone")
    (tmp_path / "visitors" / key).mkdir(parents=True)
    (tmp_path / "visitors" / "not-a-key").mkdir()
    assert owner_folders(tmp_path) == {"": tmp_path, key: tmp_path / "visitors" / key}
    assert key_of(PurePosixPath(f"visitors/{key}/2026-01-02/a.png")) == key
    assert key_of(PurePosixPath("2026-01-02/a.png")) == ""
