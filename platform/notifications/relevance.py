"""Whether a provider's report still has something to say about where a mail stands.

`delivered`, a hard bounce and a complaint are true whatever we did meanwhile. The others speak of
one attempt: a copy that was rejected says nothing of the copy that is under way, and that an
attempt was accepted is no news once we know it. Reports name the attempt by the ticket that we sent
along, as far as their provider returns it.
"""

from dataclasses import dataclass
from enum import StrEnum

from notifications.models import AttemptOutcome, DeliveryAttempt, Notification
from notifications.retries import DeadLetterReason
from notifications.states import CLAIMABLE, Status

IN_DOUBT = frozenset({AttemptOutcome.UNKNOWN, AttemptOutcome.LOST})


class Relevance(StrEnum):
    """What is to be done with a report."""

    NOW = "now"  # apply it
    PAST = "past"  # keep it for the timeline; it is about what is over
    LATER = "later"  # look again: what it is about is being decided


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a report says, as far as it matters here.

    Attributes:
        ticket: the attempt's, or None if the provider does not return it.
        provider_message_id: "" where it names none.
    """

    ticket: int | None
    provider_message_id: str


def of_acceptance(said: Said, row: Notification) -> Relevance:
    """Judge "the provider has taken it": news only if we did not know."""
    if row.status == Status.FAILED and row.error_code == DeadLetterReason.REJECTED_AFTER_ACCEPTANCE:
        return Relevance.PAST
    accepted = DeliveryAttempt.objects.filter(
        notification=row.pk, outcome=AttemptOutcome.ACCEPTED
    ).values_list("ticket", "provider_message_id")
    for ticket, message_id in accepted:
        if said.ticket == ticket:
            return Relevance.PAST
        if said.provider_message_id and said.provider_message_id == message_id:
            return Relevance.PAST
    return Relevance.NOW


def of_refusal(said: Said, row: Notification) -> Relevance:
    """Judge "this copy was rejected" or "bounced for now": only about the newest copy."""
    if row.status == Status.SENDING:
        return _while_sending(said, row)
    if row.status in CLAIMABLE | {Status.UNKNOWN}:
        # Without a doubt the last copy was refused already, or a person had the mail sent anew.
        in_doubt = row.doubted_ticket
        is_about_it = in_doubt is not None and (said.ticket is None or said.ticket >= in_doubt)
        return Relevance.NOW if is_about_it else Relevance.PAST
    return Relevance.PAST if _is_older(said, row) else Relevance.NOW


def _while_sending(said: Said, row: Notification) -> Relevance:
    if said.ticket is not None and said.ticket < row.handover_ticket:
        return Relevance.PAST
    only_one = row.ticket == 1
    if row.doubted_ticket is None and (only_one or said.ticket == row.ticket):
        return Relevance.NOW  # quicker than our own record
    # It may be about the copy in doubt or about the one that is leaving: wait for its outcome.
    return Relevance.LATER


def _is_older(said: Said, row: Notification) -> bool:
    """Whether the accepted copy is not the one that is spoken of."""
    if said.ticket is None or said.ticket >= row.ticket:
        return False
    before = DeliveryAttempt.objects.filter(
        notification=row.pk, ticket__gte=said.ticket, ticket__lt=row.ticket
    )
    if not set(before.values_list("outcome", flat=True)) <= IN_DOUBT:
        return True
    # All copies since then were in doubt and left under one name; the provider's ids tell them.
    named = said.provider_message_id and row.provider_message_id
    return bool(named) and said.provider_message_id != row.provider_message_id
