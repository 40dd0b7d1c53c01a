"""The same digests on a standalone Spark cluster: a master and a worker of PySpark's own distribution, on this machine."""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from resources.engine import spark_missing
from tests.unit.assets.staging.metering_world import stage
from tests.unit.assets.staging.test_two_engines import _world, digests

ROOT = Path(__file__).resolve().parents[4]
# A session of one master can't change to another: the cluster's runs in a process of its own.
ON_THE_CLUSTER = """
import json, sys
from resources.engine import engine_of
from tests.unit.assets.staging.metering_world import parts, stage
from tests.unit.assets.staging.test_two_engines import _world, digests
meters, events, rows, zones = _world()
engine = engine_of("spark", sys.argv[1])
assert engine.session.sparkContext.master == sys.argv[1]
print(json.dumps(digests(stage(parts(rows), meters, events, zones=zones, engine=engine))))
engine.session.stop()
"""


def _free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


def _until(log: Path, words: str, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while words not in (log.read_text() if log.exists() else ""):
        assert time.monotonic() < end, f"no '{words}' in {log.read_text()[-2000:]}"
        time.sleep(0.2)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[str]:
    if missing := spark_missing():
        pytest.skip(missing)
    spec = importlib.util.find_spec("pyspark")
    assert spec is not None
    assert spec.origin is not None
    launcher = Path(spec.origin).parent / "bin" / "spark-class"
    master = f"spark://127.0.0.1:{_free_port()}"
    port = master.rpartition(":")[2]
    # every endpoint on the loopback, whatever the machine calls itself
    environment = os.environ | {"SPARK_LOCAL_IP": "127.0.0.1", "SPARK_WORKER_DIR": str(tmp_path / "work"), "SPARK_NO_DAEMONIZE": "1"}
    host = ["--host", "127.0.0.1", "--webui-port", "0"]
    started = []
    for name, arguments, said in (
        ("master.Master", [*host, "--port", port], "I have been elected leader"),
        ("worker.Worker", [*host, "--cores", "1", "--memory", "1500m", master], "Successfully registered"),
    ):
        log = tmp_path / f"{name}.log"
        command = [str(launcher), f"org.apache.spark.deploy.{name}", *arguments]
        with log.open("wb") as handle:
            started.append(subprocess.Popen(command, env=environment, stdout=handle, stderr=subprocess.STDOUT, cwd=tmp_path))
        _until(log, said)
    yield master
    for process in reversed(started):
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:  # a loaded machine: it has nothing left to lose
            process.kill()
            process.wait(30)


@pytest.mark.long
def test_a_standalone_cluster_gives_the_same_digests(cluster: str) -> None:
    meters, events, rows, zones = _world()
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ON_THE_CLUSTER, cluster], cwd=ROOT, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout.splitlines()[-1]) == digests(stage(rows, meters, events, zones=zones))
