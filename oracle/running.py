"""The two ways to run a pipeline: on and on by its jobs, or once through."""

from __future__ import annotations

import logging
import signal
from threading import Event
from time import monotonic

from chain.contracts import InstitutionRegistry
from oracle.assembly import Oracle, key_ring
from oracle.errors import KeyFileInvalid, NotConfigured
from oracle.health import HealthServer
from oracle.his.base import HisUnavailable
from oracle.his.optional import Counting, Listening
from oracle.jobs import EXPECTED, Jobs
from oracle.logs import shown
from oracle.metrics import JobsCollector, KeysCollector, StateCollector
from oracle.pipeline import Pipeline
from oracle.relay.build import relay_server
from oracle.relay.server import RelayServer
from oracle.status import look

log = logging.getLogger(__name__)

_ONCE = ("intake", "batching", "sender", "settling", "marks", "delivery")


def run(oracle: Oracle) -> int:
    """Run the jobs until SIGTERM or SIGINT; passes under way end first."""
    pipeline, settings, stop = oracle.pipeline, oracle.settings, Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    jobs = Jobs(pipeline, settings.read_interval)
    show(oracle, jobs)
    health = HealthServer(
        settings.health_host, settings.health_port, oracle.database, jobs, pipeline.observer.registry
    )
    _listen(oracle)
    relay = _relay(oracle)
    health.start()
    jobs.start()
    log.info("running; health and metrics on http://%s:%d", *health.address)
    try:
        stop.wait()
    finally:
        log.info("stopping")
        if relay is not None:
            relay.close()
        jobs.close()
        health.close()
        oracle.close()
    return 0


def _listen(oracle: Oracle) -> None:
    """Let the hospital send, if it does. Raises HisUnavailable when the address can not be taken."""
    if not isinstance(oracle.adapter, Listening):
        return
    try:
        oracle.adapter.start()
    except HisUnavailable:
        oracle.close()
        raise
    log.info("listening for the hospital system as %s", oracle.adapter.name)


def _relay(oracle: Oracle) -> RelayServer | None:
    """Answer the backend, if its keys are given. Raises NotConfigured when the address can not be taken."""
    settings, pipeline = oracle.settings, oracle.pipeline
    try:
        relay = relay_server(settings, oracle.database, pipeline.clock, pipeline.observer.registry)
    except OSError:
        oracle.close()
        raise NotConfigured(
            "SAEGIM_ORACLE_RELAY_PORT", f"{settings.relay_host}:{settings.relay_port} can not be taken"
        ) from None
    except (KeyFileInvalid, NotConfigured):
        oracle.close()
        raise
    if relay is not None:
        relay.start()
        log.info("relay for the backend on %s:%d", *relay.address)
    return relay


def show(oracle: Oracle, jobs: Jobs) -> None:
    """Add what is counted when Prometheus asks to the counters that the process keeps."""
    registry, clock = oracle.pipeline.observer.registry, oracle.pipeline.clock
    registry.register(StateCollector(oracle.database, clock))
    registry.register(JobsCollector(jobs, oracle.adapter.name))
    if isinstance(oracle.adapter, Counting):
        registry.register(oracle.adapter.collector)
    _, kid = key_ring(oracle.settings).document_key(oracle.settings.document_key)
    institutions = InstitutionRegistry(oracle.client, oracle.deployment.address("InstitutionRegistry"))
    registry.register(KeysCollector(institutions, kid, oracle.chain.sender.address, clock))


def once(pipeline: Pipeline, *, seconds: float) -> bool:
    """Pass after pass until nothing is left to do. False if that took longer than `seconds`."""
    until, pause = monotonic() + seconds, Event()
    while True:
        moved, well = _pass(pipeline)
        if not moved and well and is_done(pipeline):
            return True
        if monotonic() > until:
            return False
        if not moved:
            pause.wait(0.1)


def _pass(pipeline: Pipeline) -> tuple[bool, bool]:
    """One pass of every stage: whether anything moved, and whether all went well."""
    stages, moved, well = pipeline.stages(), False, True
    for name in _ONCE:
        try:
            moved |= stages[name]()
        except EXPECTED as error:
            well = False
            log.warning("stage %s: %s", name, shown(error))
    return moved, well


def is_done(pipeline: Pipeline) -> bool:
    """Whether nothing waits: all is anchored, marked and answered, or stands where a person must look."""
    status = look(pipeline.database, pipeline.clock)
    waiting = (
        status.documents["held"],
        status.documents["ready"],
        status.documents["batched"],
        status.marks["waiting"],
        status.marks["submitted"],
        status.deliveries["waiting"],
    )
    return not any(waiting)
