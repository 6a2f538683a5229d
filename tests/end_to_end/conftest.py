"""A whole Postroom of real processes for each module, and the sink that its mail goes to."""

import os
from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.support.rabbitmq import RabbitServer
from tests.support.smtp_sink import SmtpSink
from tests.support.stack import Stack, StartStack, Template


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything here, and give it the time that real processes take."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.end_to_end)
            item.add_marker(pytest.mark.timeout(240))


@pytest.fixture(scope="session")
def stack_template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Template]:
    """A migrated database with an API key, on the database that TEST_DATABASE asks for."""
    server_url = os.environ.get("DATABASE_URL") if _on_postgres() else None
    template = Template(tmp_path_factory.mktemp("stack-template"), server_url=server_url)
    yield template
    template.close()


def _on_postgres() -> bool:
    return os.environ.get("TEST_DATABASE") == "postgres"


@pytest.fixture(scope="session")
def broker() -> Iterator[RabbitServer | None]:
    """RabbitMQ where TEST_BROKER asks for it; otherwise each stack has a Valkey of its own."""
    if os.environ.get("TEST_BROKER") != "rabbitmq":
        yield None
        return
    with RabbitServer() as server:
        yield server


@pytest.fixture(scope="module")
def sink() -> Iterator[SmtpSink]:
    """An SMTP server that keeps what it gets and fails as it is told."""
    with SmtpSink() as sink:
        yield sink


@pytest.fixture(autouse=True)
def _working_sink(sink: SmtpSink) -> None:
    sink.clear()


@pytest.fixture(scope="module")
def start_stack(
    stack_template: Template,
    sink: SmtpSink,
    broker: RabbitServer | None,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[StartStack]:
    """Starts stacks that send to the sink; all of them are stopped with the module."""
    with ExitStack() as exits:

        def start(environment: Mapping[str, str] | None = None, **options: Any) -> Stack:
            stack = Stack(
                tmp_path_factory.mktemp("stack"),
                template=stack_template,
                environment={
                    "EMAIL_PROVIDERS": "smtp",
                    "SMTP_URL": sink.url,
                    **({"CELERY_BROKER_URL": broker.new_url()} if broker else {}),
                    **(environment or {}),
                },
                **options,
            )
            return exits.enter_context(stack)

        yield start


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the end of every process's output to the report of a failed test."""
    report = yield
    stack = getattr(item, "funcargs", {}).get("stack")
    if report.failed and isinstance(stack, Stack):
        report.sections.append(("the stack's processes", stack.logs()))
    return report
