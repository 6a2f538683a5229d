"""Orders in the admin: to read, with their mail; to try things with a test order."""

from orders.admin.order import OrderAdmin

__all__ = ["OrderAdmin"]
