"""report.daily: what the operators' daily report may rely on, with samples."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from templating.contracts import Context, EventContract, Shop

EVENT = "report.daily"


class Part(BaseModel):
    """A part of the report."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Volumes(Part):
    """What moved on the day."""

    accepted: int = Field(description="Mails that were enqueued.")
    sent: int = Field(description="Mails that a provider accepted.")
    sent_before: int = Field(description="The same, of the day before.")
    retries: int = Field(description="How often a mail was to be tried again.")
    failed: int = Field(description="Dead letters.")
    unknown: int = Field(description="Mails held because nobody knows whether they left.")
    suppressed: int = Field(description="Mails not sent to a suppressed address.")


class Failure(Part):
    """Dead letters of one reason."""

    reason: str
    count: int


class Slow(Part):
    """How long the mails of an event took from event to acceptance."""

    event: str
    count: int
    p50_seconds: Decimal
    p95_seconds: Decimal


class Waiting(Part):
    """What waits as the report is made."""

    count: int = Field(description="Mails that wait, counted up to a bound.")
    oldest_since: datetime | None = Field(default=None, description="When the oldest was due.")


class ProviderHealth(Part):
    """How one provider did."""

    alias: str
    attempts: int
    error_rate: Decimal | None = Field(default=None, description="A fraction: 0.05 is 5 %.")
    p95_seconds: Decimal | None = None
    alarm: str | None = Field(default=None, description="Why a person should look at it now.")


class Published(Part):
    """A template that was published on the day."""

    event: str
    locale: str
    number: int
    author: str


class Audit(Part):
    """What the last audit of the day found."""

    missing: int
    overdue: int


class ReportContext(Context):
    """One day of Postroom, for those who run it."""

    day: date
    zone: str = Field(description="The time zone that the day is of.")
    volumes: Volumes
    failures: list[Failure]
    slowest: list[Slow]
    waiting: Waiting
    providers: list[ProviderHealth]
    published: list[Published]
    audit: Audit | None = Field(default=None, description="None if no audit ran.")
    role: Literal["operator"] = "operator"


_SHOP = Shop(
    name="Moon & Leaf",
    url="https://shop.example.com",
    logo_url=None,
    support_email="support@shop.example.com",
)
_BUSY = ReportContext(
    shop=_SHOP,
    day=date(2026, 3, 14),
    zone="Asia/Seoul",
    volumes=Volumes(
        accepted=12_480,
        sent=12_391,
        sent_before=11_902,
        retries=214,
        failed=17,
        unknown=1,
        suppressed=6,
    ),
    failures=[
        Failure(reason="permanent", count=14),
        Failure(reason="retries_exhausted", count=3),
    ],
    slowest=[
        Slow(
            event="order.refunded",
            count=41,
            p50_seconds=Decimal("0.4"),
            p95_seconds=Decimal("912.5"),
        ),
        Slow(
            event="order.placed", count=6120, p50_seconds=Decimal("0.2"), p95_seconds=Decimal("1.4")
        ),
    ],
    waiting=Waiting(count=65, oldest_since=datetime(2026, 3, 14, 21, 40, tzinfo=UTC)),
    providers=[
        ProviderHealth(
            alias="postmark",
            attempts=12_606,
            error_rate=Decimal("0.017"),
            p95_seconds=Decimal("0.7"),
        ),
        ProviderHealth(
            alias="smtp",
            attempts=3,
            error_rate=Decimal(1),
            alarm="530 Authentication required: its breaker is open.",
        ),
    ],
    published=[Published(event="order.placed", locale="ko", number=4, author="minji")],
    audit=Audit(missing=0, overdue=0),
)
_QUIET = ReportContext(
    shop=_SHOP,
    day=date(2026, 3, 15),
    zone="UTC",
    volumes=Volumes(
        accepted=0, sent=0, sent_before=12_391, retries=0, failed=0, unknown=0, suppressed=0
    ),
    failures=[],
    slowest=[],
    waiting=Waiting(count=0),
    providers=[],
    published=[],
)
CONTRACT = EventContract(
    event=EVENT,
    title="Daily report",
    description="Tells the operators (REPORT_TO) each morning how the day before went.",
    context=ReportContext,
    samples={"a busy day": _BUSY, "a quiet day": _QUIET},
    expires_after=timedelta(hours=24),
)
