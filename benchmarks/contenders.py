"""Who is measured: each peer as its documentation runs it, and Postroom."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Over = Literal["smtp", "postmark"]

PEER_WORKER = ("celery", "-A", "benchmarks.peers.celery", "worker", "-c", "2", "-l", "warning")
POSTROOM_WORKER = (
    "celery",
    "-A",
    "config",
    "worker",
    "-Q",
    "live,backlog,periodic",
    "-c",
    "2",
    "--without-gossip",
    "--without-mingle",
)
POSTROOM_BEAT = ("celery", "-A", "config", "beat")

HEARTBEATS = "SELECT count(*) FROM notifications_heartbeat WHERE component = '{}'"


@dataclass(frozen=True, kw_only=True)
class Project:
    """A Django project that contenders run.

    Attributes:
        fills: the module with its ways to enqueue.
        unsettled: a query for how many mails are not yet recorded as sent; None keeps no record.
        scheduler_beats: a query that is not 0 once the scheduler is up.
        is_up: a query that is not 0 once the services have done their first periodic work.
    """

    name: str
    settings: str
    fills: str
    unsettled: str | None = None
    scheduler_beats: str | None = None
    is_up: str | None = None


TUTORIAL = Project(
    name="tutorial",
    settings="benchmarks.peers.settings.tutorial",
    fills="benchmarks.peers.filling",
)
CELERY_EMAIL = Project(
    name="celery_email",
    settings="benchmarks.peers.settings.celery_email",
    fills="benchmarks.peers.filling",
)
MAILER = Project(
    name="mailer",
    settings="benchmarks.peers.settings.mailer",
    fills="benchmarks.peers.filling",
    unsettled="SELECT count(*) FROM mailer_message",
)
POST_OFFICE = Project(
    name="post_office",
    settings="benchmarks.peers.settings.post_office",
    fills="benchmarks.peers.filling",
    unsettled="SELECT count(*) FROM post_office_email WHERE status IS NULL OR status <> 0",
)
POSTROOM = Project(
    name="postroom",
    settings="config.settings",
    fills="benchmarks.postroom.filling",
    unsettled="SELECT count(*) FROM notifications_notification"
    " WHERE status NOT IN ('sent', 'delivered')",
    scheduler_beats=HEARTBEATS.format("beat"),
    is_up=HEARTBEATS.format("relay"),
)


@dataclass(frozen=True, kw_only=True)
class Contender:
    """One way of sending the mail.

    Attributes:
        way: the function of `project.fills` that enqueues.
        services: modules that run for as long as there is work, with their arguments.
        scheduler: a module that is up before the services come: it sends nothing itself, and
            while it starts it would take the processor from those who do.
        command: a module that sends what there is and ends, instead of services.
        renders: whether it renders templates for each mail.
    """

    key: str
    title: str
    project: Project
    way: str
    services: tuple[tuple[str, ...], ...] = ()
    scheduler: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    over: Over = "smtp"
    environment: Mapping[str, str] = field(default_factory=dict)
    renders: bool = True

    @property
    def records(self) -> bool:
        """Whether it keeps a record of each mail."""
        return self.project.unsettled is not None


def post_office_options(**options: Any) -> dict[str, str]:
    """Return the environment that gives django-post-office these settings."""
    return {"PEER_OPTIONS": json.dumps(options)}


def _postroom(
    key: str, title: str, *, way: str, over: Over = "smtp", **environment: str
) -> Contender:
    return Contender(
        key=key,
        title=title,
        project=POSTROOM,
        way=way,
        services=(POSTROOM_WORKER,),
        scheduler=POSTROOM_BEAT,
        over=over,
        environment=environment,
    )


SEND_QUEUED = ("django", "send_queued_mail")

PEERS = (
    Contender(
        key="tutorial-plain",
        title="tutorial: `.delay()`, `send_mail`, plain text",
        project=TUTORIAL,
        way="plain",
        services=(PEER_WORKER,),
        renders=False,
    ),
    Contender(
        key="tutorial",
        title="tutorial, order read, HTML rendered",
        project=TUTORIAL,
        way="order_mail",
        services=(PEER_WORKER,),
    ),
    Contender(
        key="tutorial-postmark",
        title="the same through Anymail Postmark",
        project=TUTORIAL,
        way="order_mail",
        services=(PEER_WORKER,),
        over="postmark",
    ),
    Contender(
        key="celery-email",
        title="django-celery-email, one event at a time",
        project=CELERY_EMAIL,
        way="through_backend",
        services=(PEER_WORKER,),
    ),
    Contender(
        key="celery-email-bulk",
        title="django-celery-email, all in one `send_messages`",
        project=CELERY_EMAIL,
        way="through_backend_at_once",
        services=(PEER_WORKER,),
    ),
    Contender(
        key="mailer",
        title="django-mailer",
        project=MAILER,
        way="through_backend",
        command=("django", "send_mail"),
    ),
    Contender(
        key="post-office-celery",
        title="django-post_office, Celery",
        project=POST_OFFICE,
        way="post_office",
        services=(PEER_WORKER,),
        environment=post_office_options(CELERY_ENABLED=True),
    ),
    Contender(
        key="post-office-celery-on-delivery",
        title="the same, rendered on delivery",
        project=POST_OFFICE,
        way="post_office_on_delivery",
        services=(PEER_WORKER,),
        environment=post_office_options(CELERY_ENABLED=True),
    ),
    Contender(
        key="post-office",
        title="django-post_office, `send_queued_mail`",
        project=POST_OFFICE,
        way="post_office",
        command=SEND_QUEUED,
    ),
    Contender(
        key="post-office-2",
        title="… `--processes 2`, batches of 1,000",
        project=POST_OFFICE,
        way="post_office",
        command=(*SEND_QUEUED, "--processes", "2"),
        environment=post_office_options(BATCH_SIZE=1000),
    ),
    Contender(
        key="post-office-2-on-delivery",
        title="… the same, rendered on delivery",
        project=POST_OFFICE,
        way="post_office_on_delivery",
        command=(*SEND_QUEUED, "--processes", "2"),
        environment=post_office_options(BATCH_SIZE=1000),
    ),
    Contender(
        key="post-office-best",
        title="… the same, one thread each, `send_many` in hundreds",
        project=POST_OFFICE,
        way="post_office_hundreds",
        command=(*SEND_QUEUED, "--processes", "2"),
        environment=post_office_options(BATCH_SIZE=1000, THREADS_PER_PROCESS=1),
    ),
)

OURS = (
    _postroom("postroom", "Postroom, Django's SMTP backend", way="single", SMTP_FAST_PATH="false"),
    _postroom(
        "postroom-hundreds",
        "… the same, enqueued in hundreds",
        way="hundreds",
        SMTP_FAST_PATH="false",
    ),
    _postroom("postroom-postmark", "Postroom, Anymail Postmark", way="single", over="postmark"),
    _postroom("postroom-fast", "Postroom, SMTP fast path", way="single", SMTP_FAST_PATH="true"),
    _postroom(
        "postroom-fast-hundreds",
        "… the same, enqueued in hundreds",
        way="hundreds",
        SMTP_FAST_PATH="true",
    ),
)

DRAINING = (*PEERS, *OURS)


def chosen(contenders: tuple[Contender, ...], names: str | None) -> tuple[Contender, ...]:
    """Return those whose keys `names` lists, comma-separated; all without it.

    Raises:
        SystemExit: a name is nobody's.
    """
    if names is None:
        return contenders
    by_key = {one.key: one for one in contenders}
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    unknown = [name for name in wanted if name not in by_key]
    if unknown:
        raise SystemExit(f"No contender is called {unknown[0]!r}; there are: {', '.join(by_key)}.")
    return tuple(by_key[name] for name in wanted)
