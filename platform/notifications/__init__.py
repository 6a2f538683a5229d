"""What is owed to whom, and its delivery: states, outbox, retries, delivery, relay."""
