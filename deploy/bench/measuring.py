"""One contender, once: from its warm-up's last answer to its last answer, seen from outside."""

import subprocess
import time
from dataclasses import dataclass

from deploy.bench.answers import AnswerTopic, Found
from deploy.bench.contenders import Contender, Sizes
from deploy.bench.cpu import cpu_seconds
from deploy.bench.errors import BenchFailed
from deploy.bench.ground import Ground
from deploy.bench.plan import warm_of
from deploy.local.supervise.spawn import Process

START_S = 120.0
RUN_S = 600.0
LOOK_S = 0.02
STOP_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Answers a second, and CPU microseconds of the contender's process for each."""

    rate: float
    us_cpu: float


@dataclass(frozen=True, slots=True)
class _Mark:
    written: int
    cpu_s: float


def measure(ground: Ground, contender: Contender, records: int, number: int) -> Run:
    """Start it, let it answer, end it."""
    topic = AnswerTopic(ground.address, contender.answers)
    process = contender.start(number)
    try:
        began = _reached(process, topic, warm_of(records), ground, contender.name, START_S)
        ended = _reached(process, topic, records, ground, contender.name, RUN_S)
        found = topic.read(records)
    finally:
        _stop(process)
    us_cpu = (ended.cpu_s - began.cpu_s) / max(1, ended.written - began.written) * 1e6
    if records == len(ground.work.requests):
        _exactly(topic.read(), records, contender.name)
    return Run(rate=found.rate(warm_of(records)), us_cpu=us_cpu)


def rehearse(ground: Ground, contender: Contender, records: int) -> Sizes:
    """Let it answer all without a clock: the broker gets warm, and it is seen how many bytes are written."""
    topic, logs = AnswerTopic(ground.address, contender.answers), AnswerTopic(ground.address, contender.logs)
    process = contender.start(0)
    try:
        _reached(process, topic, records, ground, contender.name, START_S + RUN_S)
        topic.read(records)
    finally:
        _stop(process)
    found, logged = topic.read(), logs.read()
    _exactly(found, records, contender.name)
    return Sizes(answer=found.size / records, log=logged.size / records)


def _exactly(found: Found, records: int, name: str) -> None:
    if len(found.at_ms) != records:
        raise BenchFailed(f"{name} gave {len(found.at_ms)} answers to {records} requests")


def _reached(process: Process, topic: AnswerTopic, count: int, ground: Ground, name: str, patience_s: float) -> _Mark:
    deadline = time.monotonic() + patience_s
    while (written := topic.written()) < count:
        if process.poll() is not None:
            raise BenchFailed(f"{name} ended with {process.returncode} after {written} answers:\n{_said(ground, name)}")
        if time.monotonic() > deadline:
            raise BenchFailed(f"{name} gave {written} of {count} answers in {patience_s:.0f} s:\n{_said(ground, name)}")
        time.sleep(LOOK_S)
    return _Mark(written, cpu_seconds(process.pid))


def _said(ground: Ground, name: str) -> str:
    """The end of its log, whose folder may be gone in a moment."""
    return (ground.data_dir / f"{name}.log").read_text(encoding="utf-8", errors="replace")[-2000:]


def _stop(process: Process) -> None:
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
