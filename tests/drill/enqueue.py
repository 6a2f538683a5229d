"""Puts many notifications into the outbox at once: `python -m tests.drill.enqueue COUNT`.

Runs as a process of its own, in the environment of the stack that it fills. Prints how many it has
enqueued, a line after each batch.
"""

import sys

import django

BATCH = 500


def main() -> None:
    """Enqueue so many copies of a sample, each for its own address."""
    from django.db import transaction

    from notifications.outbox import NewNotification, enqueue
    from templating import contracts

    count = int(sys.argv[1])
    contract = contracts.get("order.placed")
    context = next(iter(contract.samples.values())).model_dump(mode="json")
    for start in range(0, count, BATCH):
        numbers = range(start, min(start + BATCH, count))
        with transaction.atomic():
            enqueue(
                [
                    NewNotification(
                        event=contract.event,
                        recipient=f"backlog-{number:06}@example.com",
                        locale="en",
                        context=context,
                        idempotency_key=f"backlog-{number:06}",
                        source_type="drill",
                        source_id=f"{number:06}",
                        reference=f"BACKLOG-{number:06}",
                    )
                    for number in numbers
                ]
            )
        sys.stdout.write(f"{numbers.stop}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    django.setup()
    main()
