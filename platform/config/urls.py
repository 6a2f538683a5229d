"""All addresses of the site."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from config import health, metrics

handler400 = "access.problem_documents.handler400"
handler403 = "access.problem_documents.handler403"
handler404 = "access.problem_documents.handler404"
handler500 = "access.problem_documents.handler500"

api_v1: list[URLPattern | URLResolver] = [
    path("", include("orders.api.urls")),
    path("", include("notifications.api.urls")),
    path("", include("notifications.api.suppressions")),
    path("", include("studio.api.urls")),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
]

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("admin/templates/", include("studio.urls")),
    path("admin/overview/", include("notifications.overview.page")),
    path("admin/", include("access.password_reset")),
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    path("api/v1/", include(api_v1)),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    path("api/", include("access.urls")),
    path("webhooks/", include("notifications.api.webhooks")),
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
]
