"""The Run button of a tab of a served page, clicked by hand."""

import json
import secrets
from collections.abc import Iterator

import httpx

from studio import rules
from studio.requests import ImageToImage
from studio.ui import aids
from studio.ui.tabs import generate
from tests.ui.conftest import Served


class Run:
    """The event of a tab's Run button, with the values its controls hold when the page opens."""

    def __init__(self, served: Served, title: str = generate.TITLE, makes: tuple[type, ...] = (ImageToImage,)) -> None:
        self.url, self.checkpoints = served.url, served.engine.checkpoints
        config = httpx.get(f"{served.url}config").json()
        parts = {part["id"]: part for part in config["components"]}
        (bench,) = [id for id, part in parts.items() if part["props"].get("elem_id") == aids.bench(title)]
        inside = set(_inside(config["layout"], bench))
        (button,) = [id for id in inside if "run" in (parts[id]["props"].get("elem_classes") or ())]
        (self.event,) = [row for row in config["dependencies"] if [button, "click"] in row["targets"] and row["inputs"]]
        self.button = button
        self.values = {id: parts[id]["props"].get("value") for id in self.event["inputs"]}
        # What nobody sees is named, not labelled.
        names = {rule.label: name for made in makes for name, rule in rules.of(made).items()}
        names |= {name: name for name in names.values()}
        self.ids = {names[_label(parts[id])]: id for id in self.values if _label(parts[id]) in names}

    def clicked(self, *, until: str = '"process_completed"', **changed: object) -> str:
        """All that the page is told after a click with these values in its controls; it is closed at `until`."""
        values = self.values | {self.ids[name]: value for name, value in changed.items()}
        session = secrets.token_hex(8)
        body = {
            "data": list(values.values()),
            "fn_index": self.event["id"],
            "session_hash": session,
            "trigger_id": self.button,
        }
        headers = {"content-type": "application/json"}
        httpx.post(f"{self.url}gradio_api/queue/join", content=json.dumps(body).encode(), headers=headers)
        with httpx.stream("GET", f"{self.url}gradio_api/queue/data?session_hash={session}", timeout=60) as stream:
            told = []
            for line in stream.iter_lines():
                told.append(line)
                if until in line:
                    break
        return json.dumps([json.loads(line.removeprefix("data: ")) for line in told if line.startswith("data: ")])


def _inside(place: dict, id: int, is_inside: bool = False) -> Iterator[int]:
    """The ids of all that lies in the component of that id, at any depth."""
    for child in place.get("children") or ():
        if is_inside:
            yield child["id"]
        yield from _inside(child, id, is_inside or child["id"] == id)


def _label(part: dict) -> str | None:
    return part["props"].get("label")
