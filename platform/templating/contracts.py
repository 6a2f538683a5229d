"""What each event's templates may rely on: the typed context, described and with samples.

Whoever causes mail registers a contract at start (`AppConfig.ready`). The outbox validates contexts
against it, rendering converts stored JSON back through it, and the checker and the studio read its
fields, descriptions and samples.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal

from django.conf import settings
from pydantic import BaseModel, ConfigDict, Field

from templating.errors import UnknownEvent
from templating.personal import NOT_PERSONAL


class Shop(BaseModel):
    """The shop, as its mails show it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(description="The shop's name.")
    url: str = Field(description="The shop's address on the web.")
    logo_url: str | None = Field(default=None, description="Absolute address of the logo, if any.")
    support_email: str | None = Field(default=None, description="Where customers get help.")


class Context(BaseModel):
    """The data that an event's templates are rendered with. Subclass it, one per event.

    Stored as JSON (`model_dump(mode="json")`); rendering turns it back by the same class, so that
    templates meet decimals and datetimes again.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    shop: Annotated[Shop, NOT_PERSONAL] = Field(description="The shop.")


@dataclass(frozen=True, kw_only=True)
class EventContract:
    """One event's promise to its templates.

    `samples` maps a sample's name to a context; the first is the default in previews.
    `unknown_outcome` says what happens when nobody knows whether a provider took the mail: send it
    again, or hold it for a person. `expires_after` overrides the setting of the same name.
    """

    event: str
    title: str
    description: str
    context: type[Context]
    samples: Mapping[str, Context]
    unknown_outcome: Literal["resend", "hold"] = "resend"
    expires_after: timedelta | None = None

    def __post_init__(self) -> None:
        """Refuse a contract that previews and checks could not work with."""
        if not self.samples:
            raise ValueError(f"the contract of {self.event!r} needs at least one sample")
        for name, sample in self.samples.items():
            if not isinstance(sample, self.context):
                raise TypeError(
                    f"sample {name!r} of {self.event!r} is not a {self.context.__name__}"
                )


_contracts: dict[str, EventContract] = {}


def register(contract: EventContract) -> None:
    """Make an event known. Registering another contract under a taken name is a ValueError."""
    existing = _contracts.setdefault(contract.event, contract)
    if existing is not contract:
        raise ValueError(f"the event {contract.event!r} is already registered")


def get(event: str) -> EventContract:
    """Return the event's contract. Raises UnknownEvent."""
    try:
        return _contracts[event]
    except KeyError:
        raise UnknownEvent(event) from None


def find(event: str) -> EventContract | None:
    """Return the event's contract, or None."""
    return _contracts.get(event)


def registered() -> tuple[EventContract, ...]:
    """Return all contracts, in the order of their registration."""
    return tuple(_contracts.values())


def shop_context() -> Shop:
    """Return the shop as the settings describe it."""
    return Shop(
        name=settings.SHOP_NAME,
        url=settings.SHOP_URL,
        logo_url=settings.SHOP_LOGO_URL or None,
        support_email=settings.SHOP_SUPPORT_EMAIL or None,
    )
