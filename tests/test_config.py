"""Flags win over environment, environment over defaults; what is open to others has a password."""

import pytest

from studio.config import Settings, is_loopback, parse


def test_defaults_are_a_private_studio() -> None:
    assert parse([], {}) == Settings()
    assert not Settings().is_public


def test_flags_win_over_environment() -> None:
    environ = {"EASEL_PORT": "8000", "EASEL_DEVICE": "cpu", "EASEL_OFFLINE": "yes"}
    settings = parse(["--port", "9000"], environ)
    assert (settings.port, settings.device, settings.offline) == (9000, "cpu", True)


@pytest.mark.parametrize("argv", [["--share"], ["--listen", "0.0.0.0"], ["--listen", "192.168.1.5"]])
def test_a_studio_open_to_others_gets_a_password(argv: list[str]) -> None:
    settings = parse(argv, {})
    assert settings.is_public and settings.is_password_made
    assert settings.auth[0] == "easel" and len(settings.auth[1]) >= 16
    assert parse(argv, {}).auth != settings.auth


def test_a_password_given_is_kept() -> None:
    settings = parse(["--share", "--auth", "me:correct horse"], {})
    assert settings.auth == ("me", "correct horse") and not settings.is_password_made


def test_a_space_listens_to_all_and_leaves_the_door_to_its_host() -> None:
    settings = parse([], {"SPACE_ID": "me/easel"})
    assert settings.listen == "0.0.0.0" and settings.auth is None and settings.is_public


@pytest.mark.parametrize(
    ("argv", "environ"),
    [
        (["--port", "0"], {}),
        (["--port", "http"], {}),
        (["--device", "tpu"], {}),
        ([], {"EASEL_DEVICE": "tpu"}),
        ([], {"EASEL_SHARE": "maybe"}),
        (["--auth", "me"], {}),
        (["--auth", "me:short"], {}),
    ],
)
def test_values_that_cannot_be_used_end_the_start(argv: list[str], environ: dict, capsys: object) -> None:
    with pytest.raises(SystemExit):
        parse(argv, environ)
    assert "needs" in capsys.readouterr().err


def test_help_never_shows_the_password(capsys: object) -> None:
    with pytest.raises(SystemExit):
        parse(["--help"], {"EASEL_AUTH": "me:my long secret"})
    shown = capsys.readouterr().out
    assert "my long secret" not in shown and "EASEL_AUTH" in shown


@pytest.mark.parametrize(
    ("address", "is_own"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("0.0.0.0", False), ("example.org", False)],
)
def test_loopback_is_told_from_the_rest(address: str, is_own: bool) -> None:
    assert is_loopback(address) == is_own
