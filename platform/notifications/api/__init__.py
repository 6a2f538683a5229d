"""The REST API's notifications: what is owed to whom, each attempt, and the mail itself."""
