"""The orders app."""

from django.apps import AppConfig


class OrdersConfig(AppConfig):
    """Registers every event in `orders/events/` when the process starts."""

    name = "orders"
    verbose_name = "Orders"

    def ready(self) -> None:
        """Discover the events; templates, state machine, API and schema follow from them."""
        # Imported here: events reach the models' enums, which need the apps to be loaded.
        from notifications import causes, erasure
        from notifications.auditing import register_source
        from orders import event_types
        from orders.causes import order_of
        from orders.erasure import KEEPER
        from orders.expectations import events_without_mail
        from orders.mail import SOURCE_TYPE

        event_types.discover()
        register_source(events_without_mail)
        causes.register(SOURCE_TYPE, order_of)
        erasure.register(KEEPER)
