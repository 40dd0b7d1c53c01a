"""Where the events go: lines of a file, and a server that takes OpenLineage.

The client's transports are used as they are, without its ``OpenLineageClient``: that one would add what it finds on the machine (a git
checkout, environment variables, a configuration file) to events that must be the same everywhere.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import requests
from openlineage.client.event_v2 import RunEvent
from openlineage.client.serde import Serde
from openlineage.client.transport.http import ApiKeyTokenProvider, HttpConfig, HttpTransport, TokenProvider
from requests.exceptions import RetryError

from resources.errors import GciError, UsageError

API_KEY = "OPENLINEAGE_API_KEY"  # the name that OpenLineage's own clients read
_ENDPOINT = "api/v1/lineage"
_TIMEOUT_S = 30
RETRY = {"total": 2, "connect": 2, "read": 2, "backoff_factor": 0.3, "status_forcelist": [502, 503, 504], "allowed_methods": ["POST"]}


def lines(events: Sequence[RunEvent]) -> bytes:
    """The events as NDJSON: one JSON object a line, keys sorted."""
    return "".join(f"{Serde.to_json(event)}\n" for event in events).encode()


def write(path: Path, content: bytes) -> None:
    """Write a file whole, or leave what is there."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(content)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(name)
        raise


def transport_to(url: str) -> HttpTransport:
    """The transport to a server; a URL with a path is used as it stands, else the path is OpenLineage's. UsageError when it is no URL."""
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:  # a port that is no number, a broken address
        known = False
    if not known:
        raise UsageError(
            f"--url must be http:// or https:// and a host, for example http://127.0.0.1:5000; seen: {_shown(url)}. "
            "--url 须为 http:// 或 https:// 开头的服务地址。"
        )
    session = requests.Session()
    session.max_redirects = 0  # a redirected POST becomes a GET, and the event would be lost with a 200
    key = os.environ.get(API_KEY)
    return HttpTransport(
        HttpConfig(
            url=f"{parts.scheme}://{parts.netloc}/",
            endpoint=parts.path.strip("/") + (f"?{parts.query}" if parts.query else "") or _ENDPOINT,
            timeout=_TIMEOUT_S, session=session, retry=RETRY,
            auth=ApiKeyTokenProvider({"api_key": key}) if key else TokenProvider({}),
        )
    )  # fmt: skip


def send(transport: HttpTransport, events: Sequence[RunEvent], kept: Path) -> None:
    """Send the events in order. GciError at the first that is not taken: what was seen, how many were, and where all of them are kept."""
    for sent, event in enumerate(events):
        try:
            transport.emit(event)
        except (requests.RequestException, RuntimeError) as error:
            where = _shown(f"{transport.url}{transport.endpoint}")
            raise GciError(
                f"{where} took {sent} of {len(events)} events: {_cause(error)}. All of them are in {kept}; run the same command again once "
                "the server answers: the events are the same, none counts twice.\n"
                f"服务端接收了 {len(events)} 条事件中的 {sent} 条。全部事件已保存在 {kept};"
                "服务恢复后重新运行同一命令即可,重复发送不会重复计数。"
            ) from None
    transport.close()


def _cause(error: Exception) -> str:
    response = getattr(error, "response", None)
    if isinstance(error, requests.TooManyRedirects):
        return "it redirects; name the address that it redirects to"
    if response is not None:
        return f"it answered {response.status_code} {response.reason}"
    if isinstance(error, requests.Timeout):
        return f"no answer within {_TIMEOUT_S} s"
    if isinstance(error, RetryError):
        return "it answered with an error three times"
    return "it can't be reached" if isinstance(error, requests.ConnectionError) else type(error).__name__


def _shown(url: str) -> str:
    """A URL without user, password and query: those may be secret."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "no URL"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}" if parts.scheme else "no URL"
