"""The shop of every peer's project."""

from django.apps import AppConfig


class ShopConfig(AppConfig):
    """Orders, and the tasks that mail about them."""

    name = "benchmarks.peers.shop"
    label = "shop"
