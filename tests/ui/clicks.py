"""The Run button of a served page, clicked by hand."""

import json
import secrets

import httpx

from studio.requests import RULES
from tests.ui.conftest import Served

NAMES = {rule.label: name for name, rule in RULES.items()}


class Run:
    """The event of the Run button, with the values its controls hold when the page opens."""

    def __init__(self, served: Served) -> None:
        self.url, self.checkpoints = served.url, served.engine.checkpoints
        config = httpx.get(f"{served.url}config").json()
        parts = {part["id"]: part for part in config["components"]}
        (button,) = [id for id, part in parts.items() if "run" in (part["props"].get("elem_classes") or ())]
        (self.event,) = [row for row in config["dependencies"] if [button, "click"] in row["targets"] and row["inputs"]]
        self.button = button
        self.values = {id: parts[id]["props"].get("value") for id in self.event["inputs"]}
        self.ids = {NAMES[parts[id]["props"].get("label")]: id for id in self.values if _label(parts[id]) in NAMES}

    def clicked(self, **changed: object) -> str:
        """All that the page is told after a click with these values in its controls."""
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
                if '"process_completed"' in line:
                    break
        return json.dumps([json.loads(line.removeprefix("data: ")) for line in told if line.startswith("data: ")])


def _label(part: dict) -> str | None:
    return part["props"].get("label")
