"""The peers' one address."""

from django.urls import path

from benchmarks.peers.shop import views

urlpatterns = [
    path("orders/", views.place_order),
    path("ping/", views.ping),
]
