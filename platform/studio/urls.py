"""The studio's addresses, below /admin/templates/."""

from django.urls import URLPattern, URLResolver, include, path

from studio import pages

app_name = "studio"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", pages.list_page, name="list"),
    path("edit/<path:key>/", pages.edit_page, name="edit"),
    path("data/", include("studio.data.urls")),
]
