"""README against the house: whatever it says of tabs, flags, commands, API, figures and files is so."""

import ast
import json
import re
from dataclasses import fields
from pathlib import Path

import pytest
from huggingface_hub import metadata_load
from packaging.requirements import Requirement

from studio import catalog, config
from studio.requests import ImageToImage
from studio.results import PARTS

PROJECT = Path(__file__).resolve().parents[1]
README = (PROJECT / "README.md").read_text("utf-8")
FRONT = metadata_load(PROJECT / "README.md")
FIGURES = PROJECT / "assets/storybook/figures.json"
MAKE = "python3 -m venv .venv && .venv/bin/pip install -r requirements.txt"
RUN = f"{MAKE} && .venv/bin/python app.py"
TEST = f"{MAKE} -r tests/requirements.txt && .venv/bin/python -m pytest"
SPACE_COLOURS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}


def rows(heading: str) -> list[list[str]]:
    """The cells of the table rows below a heading, without the table's own heading."""
    section = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def figure_rows() -> list[list[str]]:
    return [row for row in rows("Storybook") if len(row) == 5]


@pytest.mark.parametrize("command", [RUN, TEST])
def test_a_command_is_one_line_to_paste(command: str) -> None:
    assert f"```sh\n{command}\n```" in README


def test_tabs_are_those_of_the_page_in_its_order() -> None:
    from studio.ui import shell

    assert [row[0] for row in rows("What the tabs do")] == [tab.TITLE for tab in shell.TABS]


def test_flags_are_those_of_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        config.parse(["--help"], {})
    told = dict(re.findall(r"(--[a-z-]+).*?\[(EASEL_[A-Z_]+)\]", capsys.readouterr().out, re.DOTALL))
    written = {re.search("--[a-z-]+", flag)[0]: variable.strip("`") for flag, variable, *_ in rows("Flags")}
    assert written == {flag: variable for flag, variable in told.items() if flag != "--help"}


def test_defaults_of_flags_are_those_of_the_settings() -> None:
    settings = config.parse([], {})
    for flag, _, default, _ in rows("Flags"):
        value = getattr(settings, re.search("--([a-z-]+)", flag)[1].replace("-", "_"))
        assert (f"`{value}`" == default) if value not in (None, False) else "`" not in default, flag


def test_the_endpoint_takes_the_fields_of_the_request() -> None:
    taken = {row[0]: re.findall(r"`(\w+)`", row[1]) for row in rows("From a program")}
    assert taken["`/generate`"] == [row.name for row in fields(ImageToImage) if row.name not in PARTS]


def test_the_example_calls_the_endpoint_by_its_fields() -> None:
    example = ast.parse(README.split("```python\n")[1].split("```")[0])
    calls = [node for node in ast.walk(example) if isinstance(node, ast.Call)]
    given = [word.arg for call in calls for word in call.keywords if "predict" in ast.unparse(call.func)]
    assert given
    assert set(given) <= {row.name for row in fields(ImageToImage)} | {"api_name", None}


def test_the_front_matter_makes_a_space() -> None:
    assert FRONT["sdk"] == "gradio"
    assert FRONT["python_version"] == "3.12"
    assert (PROJECT / FRONT["app_file"]).is_file()
    assert FRONT["license"] == "apache-2.0"
    assert {FRONT["colorFrom"], FRONT["colorTo"]} <= SPACE_COLOURS
    assert len(FRONT["short_description"]) <= 60
    assert "text-to-image" in FRONT["tags"]


def test_the_space_runs_a_gradio_that_is_allowed() -> None:
    lines = (PROJECT / "requirements.txt").read_text("utf-8").splitlines()
    gradio = next(Requirement(line) for line in lines if line.startswith("gradio"))
    assert gradio.specifier.contains(FRONT["sdk_version"])


@pytest.mark.parametrize("name", ["requirements.txt", "tests/requirements.txt"])
def test_requirements_have_floor_and_ceiling(name: str) -> None:
    lines = (PROJECT / name).read_text("utf-8").splitlines()
    named = [Requirement(line) for line in lines if line and not line.startswith("#")]
    assert [row.name for row in named if {part.operator for part in row.specifier} != {">=", "<"}] == []


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_and_pictures_are_there(page: str) -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", (PROJECT / page).read_text("utf-8"))
    assert [target for target in targets if "://" not in target and not (PROJECT / target).exists()] == []


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_files_named_in_tables_and_text_are_there(page: str) -> None:
    named = re.findall(r"`((?:studio|tests|assets|\.ci)/[\w./-]+)`", (PROJECT / page).read_text("utf-8"))
    # Rooms and files that the text itself says are still to come.
    awaited = {"studio/ui/tabs/x.py"}
    assert [name for name in named if not (PROJECT / name).exists() and name not in awaited] == []


def test_storybook_is_described_as_its_rows_say() -> None:
    said = README.split("\n## Storybook\n")[1].split("\n## ")[0].replace("\n", " ")
    family = catalog.family("storybook")
    assert [thing for thing in catalog.checkpoint("storybook").words["Things"] if thing not in said] == []
    assert f"{family.minimum_size} to {family.maximum_size} pixels" in said


def test_figures_are_those_measured() -> None:
    measured = json.loads(FIGURES.read_text("utf-8"))
    for _, figure, _, _, reached in figure_rows():
        part, name = figure.strip("`").split(" / ")
        assert float(reached.split()[0]) == measured[part][name], figure


def test_contributing_is_read_in_a_minute() -> None:
    assert len((PROJECT / "CONTRIBUTING.md").read_text("utf-8").splitlines()) <= 80
