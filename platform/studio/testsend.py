"""Sends an editor a draft as a real mail, through the providers that carry all others.

It goes to the editor's own address and nowhere else, says that it is a test, leaves no
notification, and is in the audit log.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import make_msgid, parseaddr

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone

from access import audit
from access.actors import Actor
from notifications.composition import compose
from notifications.handover import may_fail_over
from notifications.models import Notification
from notifications.suppressions import suppressed
from providers import connections, routing
from providers.errors import ProviderError
from providers.sending import Accepted, send
from studio import documents
from studio.inventory import Inventory
from studio.previews import Data, render_draft
from templating.publishing import Target
from templating.rendering import Rendered

PREFIX = "[Test] "
HEADER = "X-Postroom-Test"


class NoAddress(Exception):
    """The editor's account has no email address."""


class Suppressed(Exception):
    """The editor's address is on the suppression list."""


class NoProvider(Exception):
    """No provider may take mail now; `available_at` says when one may, if that is known."""

    def __init__(self, available_at: datetime | None) -> None:
        super().__init__("no provider may take mail now")
        self.available_at = available_at


class NotAccepted(Exception):
    """No provider took it, or nobody knows whether one did; `attempts` says what each answered."""

    def __init__(self, attempts: tuple[ProviderError, ...]) -> None:
        super().__init__("; ".join(map(str, attempts)))
        self.attempts = attempts


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A provider has taken the test."""

    to: str
    subject: str
    message_id: str
    accepted: Accepted


def send_test(
    target: Target,
    *,
    changes: Mapping[str, str | None],
    data: Data,
    user: AbstractUser,
    actor: Actor,
    inventory: Inventory,
) -> Sent:
    """Render a draft and send it to the editor.

    Raises:
        NoAddress, Suppressed: it has nowhere to go.
        RenderingError: the draft cannot be rendered with this data.
        NoProvider: none may take mail now.
        NotAccepted: none did.
    """
    if not user.email:
        raise NoAddress
    if suppressed([user.email]):
        raise Suppressed
    rendered = render_draft(target, changes=changes, data=data, inventory=inventory)
    message = _message(rendered, user=user)
    accepted = _hand_over(message)
    message_id = message.extra_headers["Message-ID"]
    audit.record(
        actor=actor,
        action="template.test",
        target_type="template",
        target_id=documents.mail(target).key,
        data={"provider": accepted.provider, "message_id": message_id},
    )
    return Sent(
        to=user.email, subject=str(message.subject), message_id=message_id, accepted=accepted
    )


def _message(rendered: Rendered, *, user: AbstractUser) -> EmailMultiAlternatives:
    """Return the mail as customers' mails are composed, and marked as a test."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    row = Notification(
        event=rendered.event,
        recipient=user.email,
        recipient_name=user.get_full_name(),
        message_id=make_msgid(idstring="test", domain=domain),
    )
    message = compose(row, replace(rendered, subject=PREFIX + rendered.subject))
    message.extra_headers[HEADER] = f"{rendered.event} {rendered.version}"
    # Reports about it must not be taken for reports about a notification.
    message.__dict__ |= {"metadata": {"test": rendered.event}, "tags": ["test"]}
    return message


def _hand_over(message: EmailMultiAlternatives) -> Accepted:
    now = timezone.now()
    permit = routing.permit(now=now)
    chain = routing.chain(permit, position=0, now=now) if permit.granted else ()
    if not chain:
        routing.give_back(permit)
        raise NoProvider(permit.available_at)
    failures: list[ProviderError] = []
    for alias in chain:
        if failures and not routing.may_take_over(alias):
            continue
        try:
            accepted = send(alias, message)
        except ProviderError as error:
            who = routing.recipient_hash(message.to[0])
            routing.note_failure(alias, error, recipient_hash=who)
            failures.append(error)
            if not may_fail_over(error):
                break
        else:
            routing.note_success(alias)
            return accepted
        finally:
            # Tests are rare: a web thread would keep the connection until it is stale.
            connections.drop(alias)
    raise NotAccepted(tuple(failures))
