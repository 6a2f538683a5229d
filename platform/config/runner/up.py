"""From nothing to ready, and back."""

import http.client
import logging
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import redis
from django.conf import settings
from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor
from tenacity import RetryError, Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from config.runner import first_run, preflight, ready, stack, valkey
from config.runner.console import Console
from config.runner.guardian import Guardian
from config.runner.preflight import CannotStart
from config.runner.supervisor import StopRequested, Supervisor

SERVICE_ANSWERS_WITHIN = timedelta(seconds=30)
PROGRAMS_READY_WITHIN = timedelta(seconds=60)
SAMPLE_MAIL_LEAVES_WITHIN = timedelta(seconds=15)
LAST_LINES_COME_WITHIN = 0.3  # seconds
GIVE_UP_AFTER = 3  # ends in a row, before everything was ready once

# Providers whose mail leaves this machine must not be handed a sample.
HARMLESS_PROVIDERS = frozenset({"console", "file", "memory"})


def run() -> int:
    """Bring everything up and keep it up until asked to stop; return the exit status."""
    console = Console()
    # What this process does itself it says on the console; its log would tell it again.
    logging.getLogger().setLevel(logging.WARNING)
    try:
        preflight.make_writable(settings.VAR_DIR)
        with preflight.sole_user(settings.VAR_DIR, console=console) as lock:
            preflight.check_port(settings.HOST, settings.PORT)
            _run(console, lock=lock)
    except CannotStart as error:
        console.say(str(error))
        return 1
    return 0


def _run(console: Console, *, lock: int) -> None:
    guardian = Guardian(keep_open=(lock,))
    supervisor = Supervisor(console=console, guardian=guardian)
    with supervisor.receiving_signals():
        try:
            _bring_up(supervisor, console)
            while True:
                supervisor.attend(3600)
        except StopRequested as request:
            console.say(f"stopping ({request}) …")
        finally:
            supervisor.stop_all()
            guardian.dismiss()
            console.say("stopped.")


def _bring_up(supervisor: Supervisor, console: Console) -> None:
    _start_broker(supervisor, console)
    _prepare_database(supervisor, console)
    if not settings.DEBUG:
        console.say("collecting static files …")
        call_command("collectstatic", interactive=False, verbosity=0)
    _start_programs(supervisor, console)
    _place_sample_orders(supervisor, console)
    made = first_run.make_credentials() if settings.DEBUG else first_run.NOTHING_MADE
    connection.close()  # it would stay open, idle, for as long as everything runs
    # Last, below the sample orders' mail, where a person finds it.
    console.show(ready.block(made))


def _start_broker(supervisor: Supervisor, console: Console) -> None:
    socket: Path | None = settings.VALKEY_SOCKET
    if socket is None:
        return
    data_dir = settings.VAR_DIR / "valkey"
    if not valkey.prepare(socket=socket, data_dir=data_dir):
        console.say(f"a Valkey answers on {socket} already; using it as it is.")
        return
    console.say("starting the embedded Valkey …")
    supervisor.start(valkey.program(socket=socket, data_dir=data_dir))
    try:
        _patiently(supervisor, redis.RedisError)(valkey.answers, socket)
    except RetryError as error:
        raise CannotStart(
            f"The embedded Valkey does not start; {data_dir / valkey.LOG_NAME} says why. Its data, "
            "beside that file, may be moved away: what is owed is in the database."
        ) from error


def _prepare_database(supervisor: Supervisor, console: Console) -> None:
    console.say(f"opening the database ({connection.vendor}) …")
    try:
        pending = _patiently(supervisor, OperationalError)(_pending_migrations)
    except RetryError as error:
        cause = error.last_attempt.exception()
        raise CannotStart(
            f"The database does not answer: {str(cause).strip()} Check DATABASE_URL."
        ) from error
    if pending:
        console.say(f"applying {pending} migrations …")
    # Also without any: it makes content types, permissions and roles (post_migrate).
    call_command("migrate", interactive=False, verbosity=0)
    supervisor.attend(0)


def _pending_migrations() -> int:
    connection.close()
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _patiently(supervisor: Supervisor, error: type[Exception]) -> Retrying:
    """Wait for a service that is still starting; a signal ends the wait."""
    return Retrying(
        retry=retry_if_exception_type(error),
        wait=wait_fixed(0.1),
        stop=stop_after_delay(SERVICE_ANSWERS_WITHIN),
        sleep=supervisor.attend,
    )


def _start_programs(supervisor: Supervisor, console: Console) -> None:
    programs = stack.programs(run_dir=settings.VAR_DIR / "run", coloured=console.is_coloured)
    names = [program.name for program in programs]
    console.say(f"starting {', '.join(names)} …")
    for program in programs:
        supervisor.start(program)
    waiting = set(names)

    def are_ready() -> bool:
        for name in sorted(waiting):
            if supervisor.failures(name) >= GIVE_UP_AFTER:
                raise CannotStart(f"{name} does not start; its lines above say why.")
            if _web_answers() if name == stack.WEB else supervisor.has_beaten(name):
                waiting.discard(name)
        return not waiting

    if not supervisor.attend_until(are_ready, timeout=PROGRAMS_READY_WITHIN):
        console.say(f"not ready yet: {', '.join(sorted(waiting))}. Going on without.")


def _web_answers() -> bool:
    host = ready.reachable_host()
    try:
        with closing(http.client.HTTPConnection(host, settings.PORT, timeout=2)) as web:
            web.request("GET", "/healthz", headers={"Host": "localhost"})
            return web.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False


def _place_sample_orders(supervisor: Supervisor, console: Console) -> None:
    first_provider = settings.MAILERS[settings.EMAIL_PROVIDERS[0]]["TYPE"]
    if not settings.DEBUG or first_provider not in HARMLESS_PROVIDERS:
        return
    placed = first_run.place_sample_orders()
    if not placed:
        return
    numbers = " and ".join(order.number for order in placed)
    console.say(f"placed the sample orders {numbers}; {ready.where_mail_goes()}")
    supervisor.attend_until(
        lambda: first_run.has_left_for(placed), timeout=SAMPLE_MAIL_LEAVES_WITHIN
    )
    supervisor.attend(LAST_LINES_COME_WITHIN)
