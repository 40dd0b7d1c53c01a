"""Events sent to a server: all of them, valid and in order; a server that fails, redirects or is not there loses none of them."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from openlineage.client.event_v2 import RunEvent

import pipelines.lineage.send as send
from pipelines.lineage.events import month_events
from pipelines.lineage.record import read_record
from resources.errors import GciError
from resources.home import Home
from tests.pipeline.openlineage_schemas import faults

MONTH = "2026-01"


class Receiver(ThreadingHTTPServer):
    """Takes POSTs, answers with ``answers`` in turn (the last for ever), and keeps what it was sent."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = [200]
        self.taken: list[dict[str, Any]] = []
        self.paths: set[str] = set()
        self.keys: set[str | None] = set()
        self.faults: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = self.server.answers.pop(0) if len(self.server.answers) > 1 else self.server.answers[0]
        self.server.paths.add(self.path)
        self.server.keys.add(self.headers["Authorization"])
        if answer == 200:
            event = json.loads(body)
            self.server.faults += faults(event)
            self.server.taken.append(event)
        self.send_response(answer)
        if answer == 302:
            self.send_header("Location", f"{self.server.url}/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        self.server.paths.add(f"GET {self.path}")
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setattr(send, "RETRY", {**send.RETRY, "backoff_factor": 0})  # the same tries, without the waits
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", send.API_KEY):
        monkeypatch.delenv(name, raising=False)
    with Receiver() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def some(computed_home: Path) -> list[RunEvent]:
    """The month and its first tables: enough to send in part."""
    return month_events(read_record(Home.open(computed_home).ledger, MONTH))[:8]


def as_json(events: list[RunEvent]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in send.lines(events).splitlines()]


def test_a_server_is_sent_what_the_file_has(computed_home: Path, receiver: Receiver, tmp_path: Path, gci: Any) -> None:
    path = tmp_path / "events.ndjson"
    arguments = ("export", "openlineage", MONTH, "--home", computed_home, "--to", path, "--url", receiver.url)
    receiver.answers = [*[200] * 3, 500]
    status, out, err = gci(*arguments)
    kept = [json.loads(line) for line in path.read_bytes().splitlines()]
    assert len(kept) > 100
    assert (status, out) == (1, "")
    assert f"took 3 of {len(kept)} events: it answered 500 Internal Server Error. All of them are in {path}" in err
    receiver.answers, receiver.taken = [200], []
    status, out, err = gci(*arguments)  # it answers again: the same command sends the same
    assert (status, err, receiver.faults) == (0, "", [])
    assert receiver.taken == kept
    assert (receiver.paths, receiver.keys) == ({"/api/v1/lineage"}, {None})
    assert "The server took all of them" in out


def test_a_path_is_used_as_it_stands_and_the_key_comes_from_the_environment(
    receiver: Receiver, some: list[RunEvent], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(send.API_KEY, "s3cret-key")
    send.send(send.transport_to(f"{receiver.url}/lineage/in?code=s3cret-code"), some, Path("kept"))
    assert receiver.paths == {"/lineage/in?code=s3cret-code"}
    assert receiver.keys == {"Bearer s3cret-key"}
    assert (receiver.taken, receiver.faults) == (as_json(some), [])


@pytest.mark.parametrize(
    ("answers", "taken", "said"),
    [
        ([500], 0, "it answered 500 Internal Server Error"),
        ([200, 200, 200, 403], 3, "it answered 403 Forbidden"),
        ([200, 503], 1, "it answered with an error three times"),
        ([200, 302], 1, "it redirects"),
    ],
)
def test_a_server_that_refuses_is_one_message_without_secrets(
    receiver: Receiver, some: list[RunEvent], answers: list[int], taken: int, said: str
) -> None:
    receiver.answers = answers
    with pytest.raises(GciError) as caught:
        send.send(send.transport_to(f"{receiver.url.replace('//', '//me:s3cret@')}/in?code=s3cret"), some, Path("events.ndjson"))
    assert f"{receiver.url}/in took {taken} of 8 events: {said}" in str(caught.value)
    assert "events.ndjson" in str(caught.value)
    assert "全部事件已保存" in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert receiver.taken == as_json(some)[:taken]
    assert not any(path.startswith("GET") for path in receiver.paths)  # a redirect is not followed: the event would be lost


def test_an_error_that_passes_is_tried_again(receiver: Receiver, some: list[RunEvent]) -> None:
    receiver.answers = [200, 503, 502, 200]
    send.send(send.transport_to(receiver.url), some, Path("kept"))
    assert receiver.taken == as_json(some)


def test_a_server_that_is_not_there_is_one_message(receiver: Receiver, some: list[RunEvent]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(GciError, match=f"http://127.0.0.1:{port}/api/v1/lineage took 0 of 8 events: it can't be reached"):
        send.send(send.transport_to(f"http://127.0.0.1:{port}"), some, Path("kept"))
