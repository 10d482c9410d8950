"""The grammar of prompts: what weighs how much, what is drawn, and that nobody's text breaks it."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio import prompts
from studio.errors import NotFound, StudioError
from studio.prompts import Break, Piece, expanded, is_plain, lines, literal, weighted, wildcards

OWN = Path(__file__).resolve().parents[1] / "assets" / "wildcards"
# Texts that are mostly grammar.
GRAMMAR = st.text(st.sampled_from("ab ,:.1_()[]{}|\\\n") | st.characters(exclude_categories=["Cs"]), max_size=60)
LISTS = {"colour": ("red", "blue"), "thing": ("a __colour__ {cat|dog}", "boat"), "open": ("__{colour",), "shut": ("}",)}

EMPHASIS = [
    ("a cat", [("a cat", 1.0)]),
    ("a (red) cat", [("a ", 1.0), ("red", 1.1), (" cat", 1.0)]),
    ("a ((red)) cat", [("a ", 1.0), ("red", 1.21), (" cat", 1.0)]),
    ("a [red] cat", [("a ", 1.0), ("red", 1 / 1.1), (" cat", 1.0)]),
    ("(red:1.3)[blue:1.3]", [("red", 1.3), ("blue:1.3", 1 / 1.1)]),
    ("(red cat : .5 )", [("red cat ", 0.5)]),
    ("((red:1.5) cat)", [("red", 1.65), (" cat", 1.1)]),
    ("([red])", [("red", 1.0)]),
    ("(a)(b)", [("ab", 1.1)]),
    ("(a [b) c]", [("a ", 1.1), ("b", 1.0), (" c", 1 / 1.1)]),
    (r"\(red\) \[x\] \{a\|b\} c:\\d", [(r"(red) [x] {a|b} c:\d", 1.0)]),
    (r"C:\dir", [(r"C:\dir", 1.0)]),
    ("never (closed [at all", [("never ", 1.0), ("closed ", 1.1), ("at all", 1.0)]),
    ("never) opened] 16:9)", [("never) opened] 16:9)", 1.0)]),
    ("(a:1.3.3)", [("a:1.3.3", 1.1)]),
    ("(a:b)", [("a:b", 1.1)]),
    ("(a:nan) (b:1e9)", [("a:nan", 1.1), (" ", 1.0), ("b:1e9", 1.1)]),
    ("(a:99)(b:0)(c:-1)", [("a", 4.0), ("bc", 0.1)]),
    ("((a:10):0.2)", [("a", 2.0)]),
    ("(a:" + "9" * 400 + ")", [("a", 4.0)]),
    ("", []),
    ("()[]", []),
]


def escaped(text: str) -> str:
    return "".join(f"\\{sign}" if sign in "\\()[]{}|" else sign for sign in text)


@pytest.mark.parametrize(("prompt", "pieces"), EMPHASIS)
def test_emphasis(prompt: str, pieces: list[tuple[str, float]]) -> None:
    found = [(piece.text, piece.weight) for piece in weighted(prompt)]
    assert found == [(text, pytest.approx(weight)) for text, weight in pieces]


def test_break_begins_a_new_chunk_even_in_brackets() -> None:
    assert weighted("a BREAK b") == (Piece("a "), Break(), Piece(" b"))
    assert weighted("(a,BREAK b)") == (Piece("a,", 1.1), Break(), Piece(" b", 1.1))
    assert weighted("BREAK") == (Break(),)


@pytest.mark.parametrize("word", ["break", "BREAKFAST", "TEA-BREAK", "BREAK_UP", "DAYBREAK"])
def test_break_is_a_word_of_its_own_in_capitals(word: str) -> None:
    assert weighted(f"a {word} b") == (Piece(f"a {word} b"),)


@given(st.text())
def test_escaped_text_is_itself(text: str) -> None:
    pieces = weighted(escaped(text.replace("BREAK", "")))
    assert "".join(piece.text for piece in pieces) == text.replace("BREAK", "")
    assert all(piece.weight == 1 for piece in pieces)


@pytest.mark.parametrize("text", ["\u202egnp.tac", "🧑‍🚀 on the 🌙", "雪の中の赤い家", "e\u0301 é", "a\tb\nc"])
def test_any_script_is_kept(text: str) -> None:
    assert weighted(text) == (Piece(text),)
    assert expanded(text, 1, {}) == text
    assert is_plain(text)


@given(GRAMMAR)
def test_every_character_knows_where_it_came_from(prompt: str) -> None:
    for piece in weighted(prompt):
        places = piece.origin if isinstance(piece, Piece) else ()
        assert "".join(prompt[place] for place in places) == getattr(piece, "text", "")
        assert list(places) == sorted(set(places))


@given(GRAMMAR)
def test_weights_stay_within_their_limits(prompt: str) -> None:
    assert all(0.1 <= piece.weight <= 4 for piece in weighted(prompt) if isinstance(piece, Piece))


@pytest.mark.parametrize(
    "prompt",
    [
        "(" * 10_000,
        "(" * 5_000 + "x" + ")" * 5_000,
        "[" * 10_000,
        "(a:" + "1" * 9_990,
        "(a:" + " " * 9_990,
        ":" * 10_000,
        "\\" * 10_000,
        "BREAK " * 1_666,
        "([" * 2_500 + ")]" * 2_500,
    ],
)
def test_ten_thousand_signs_are_read_at_once(prompt: str) -> None:
    started = time.process_time()
    pieces = weighted(prompt)
    assert time.process_time() - started < 0.1
    assert all(0.1 <= piece.weight <= 4 for piece in pieces if isinstance(piece, Piece))


@pytest.mark.parametrize("prompt", ["(a)", "[a]", "a (b", r"a \( b", "a BREAK b", "{a|b}", "a __colour__", "()"])
def test_grammar_is_not_plain(prompt: str) -> None:
    assert not is_plain(prompt)


@pytest.mark.parametrize("prompt", ["", "a cat, 16:9", "a { b | c", "a_b __c", "never) opened]"])
def test_text_is_plain(prompt: str) -> None:
    assert is_plain(prompt)


def test_lines_without_the_empty_ones() -> None:
    assert lines("a cat\n\n  a dog \r\n \t\n") == ("a cat", "a dog")
    assert lines(" \n") == ()


def test_every_alternative_is_drawn_and_nothing_else() -> None:
    drawn = {expanded("a {red|{dark |}blue|} cat", seed, {}) for seed in range(100)}
    assert drawn == {"a red cat", "a dark blue cat", "a blue cat", "a  cat"}


def test_draws_are_the_documented_ones() -> None:
    """Python's `random.Random(7).random()` gives 0.32, 0.15, 0.65, 0.07 … for ever."""
    assert expanded("{a|b|c} {a|b|c} {a|b|c} {a|b|c}", 7, {}) == "a a b a"


def test_draws_are_the_same_in_another_process() -> None:
    code = "from studio.prompts import expanded; print([expanded('{a|b|c|d|e}' * 9, seed, {}) for seed in range(9)])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=OWN.parents[1])
    assert found.stdout.strip() == str([expanded("{a|b|c|d|e}" * 9, seed, {}) for seed in range(9)])


def test_literal_signs_are_left_to_the_emphasis() -> None:
    assert expanded(r"\{a\|b\} {\}|\}}", 1, {}) == r"\{a\|b\} \}"
    assert weighted(r"\{a\|b\} \}") == (Piece("{a|b} }"),)


@pytest.mark.parametrize("prompt", ["a { b", "a } b", "a | b", "} {", r"\{a|b}"])
def test_lone_signs_are_text(prompt: str) -> None:
    assert expanded(prompt, 1, {}) == prompt


def test_lines_of_wildcards_hold_choices_and_wildcards() -> None:
    drawn = {expanded("__thing__!", seed, LISTS) for seed in range(100)}
    assert drawn == {"boat!", "a red cat!", "a blue cat!", "a red dog!", "a blue dog!"}


@given(
    GRAMMAR | st.lists(st.sampled_from(["{", "|", "}", "__", "__open__", "__shut__", "__thing__", "\\"])).map("".join)
)
def test_expanding_once_more_changes_nothing(prompt: str) -> None:
    try:
        once = expanded(prompt, 5, LISTS)
    except StudioError:
        return
    assert expanded(once, 6, LISTS) == once


def test_unknown_wildcards_are_told_with_the_nearest() -> None:
    with pytest.raises(NotFound, match=r"^Prompt: there is no wildcard 'color'\. The nearest are colour, "):
        expanded("a __color__ cat", 1, LISTS)
    with pytest.raises(NotFound, match=r"no wildcard 'color'\. Put a file color\.txt into the wildcards folder\."):
        expanded("a __color__ cat", 1, {})


def test_wildcards_that_lead_back_to_themselves_are_named() -> None:
    with pytest.raises(StudioError, match=r"^Prompt: the wildcard 'a' leads back to itself \(a → b → a\)"):
        expanded("__a__", 1, {"a": ("x __b__",), "b": ("__a__",)})


def test_wildcards_that_make_themselves_up_again_are_stopped() -> None:
    with pytest.raises(StudioError, match="^Prompt: its choices make up new ones without end"):
        expanded("__a__" + "x" * 9_000, 1, {"a": ("_{_}a__ b",)})


def test_wildcards_without_lines_are_named() -> None:
    with pytest.raises(StudioError, match="^Prompt: the wildcard 'a' has no lines"):
        expanded("__a__", 1, {"a": ()})


@pytest.mark.parametrize("leaf", ["", "words " * 100])
def test_expansions_that_explode_are_stopped(leaf: str) -> None:
    lists = {f"w{level}": (f"__w{level + 1}__" * 10,) for level in range(10)} | {"w10": (f"{leaf}{{}}",)}
    started = time.process_time()
    with pytest.raises(StudioError, match="^Prompt: its choices"):
        expanded("__w0__", 1, lists)
    assert time.process_time() - started < 1


@pytest.mark.parametrize("prompt", ["{" * 5_000 + "}" * 5_000, "{a|" * 3_000, "__a" * 3_000, "{a}" * 3_000])
def test_deep_and_many_choices_need_no_recursion(prompt: str) -> None:
    assert len(expanded(prompt, 1, {"a": ("b",)})) <= len(prompt)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "lists" / "animal").mkdir(parents=True)
    (tmp_path / "lists" / "animal" / "cat.txt").write_bytes("\ufeff# of ours\r\nTabby\r\n\r\n  Siamese \r\n".encode())
    (tmp_path / "lists" / "place.txt").write_text("the sea\n", "utf-8")
    (tmp_path / "lists" / "notes.md").write_text("nothing\n", "utf-8")
    return tmp_path / "lists"


def test_files_are_named_by_their_place_in_the_folder(folder: Path) -> None:
    found = wildcards(folder)
    assert dict(found) == {"animal/cat": ("Tabby", "Siamese"), "place": ("the sea",)}
    assert expanded("a __animal/cat__ by __place__", 1, found) in {"a Tabby by the sea", "a Siamese by the sea"}


def test_later_folders_win(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "place.txt").write_text("the moon\n", "utf-8")
    assert wildcards(folder, tmp_path / "own")["place"] == ("the moon",)
    assert dict(wildcards(tmp_path / "nowhere")) == {}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"caf\xe9\n", r"^Wildcards: bad.txt is not UTF-8\."),
        (b"a\n" * 500_001, r"^Wildcards: bad.txt is larger than 1,000,000 bytes\."),
    ],
)
def test_bad_files_are_named_when_they_are_used(folder: Path, data: bytes, message: str) -> None:
    (folder / "bad.txt").write_bytes(data)
    found = wildcards(folder)
    assert expanded("__place__", 1, found) == "the sea"
    with pytest.raises(StudioError, match=message):
        expanded("__bad__", 1, found)


def test_files_that_went_away_are_named(folder: Path) -> None:
    found = wildcards(folder)
    (folder / "place.txt").unlink()
    with pytest.raises(StudioError, match=r"^Wildcards: place\.txt "):
        expanded("__place__", 1, found)


def test_links_and_pipes_are_never_opened(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("token\n", "utf-8")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "outside").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe.txt")
    assert set(wildcards(folder)) == {"animal/cat", "place"}


def test_a_file_exchanged_for_a_link_is_not_opened(folder: Path, tmp_path: Path) -> None:
    found = wildcards(folder)
    (tmp_path / "secret.txt").write_text("token\n", "utf-8")
    (folder / "place.txt").unlink()
    (folder / "place.txt").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(StudioError, match=r"^Wildcards: place\.txt is not a file"):
        expanded("__place__", 1, found)


def test_names_never_leave_the_folder(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("token\n", "utf-8")
    with pytest.raises(NotFound):
        expanded("__../secret__", 1, wildcards(folder))


def test_the_bundled_wildcards_expand() -> None:
    found = wildcards(OWN)
    assert len(found) >= 8
    for name, texts in found.items():
        assert len(texts) >= 3, name
        for text in texts:
            assert prompts.is_plain(expanded(text, 1, found)), text


@pytest.mark.parametrize(
    "text", ["a cat", "a (red:1.4) [cat] {a|b}", r"a \(b\) \\ c", "one BREAK two", "50% (", "BREAKfast"]
)
def test_a_text_can_be_said_as_it_stands(text: str) -> None:
    (piece,) = weighted(literal(text))
    assert piece == Piece(text.replace(" BREAK ", " break "))
