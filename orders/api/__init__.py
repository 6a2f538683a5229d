"""The REST API of orders: what a client may send and see. The rules are in `orders`, not here."""
