"""Addresses below /api/v1/."""

from django.urls import path

from studio.api import editing, views

MAIL = "templates/<str:event>/<str:locale>"

urlpatterns = [
    path("templates/", views.EventList.as_view(), name="template-list"),
    path("templates/<str:event>/", views.EventDetail.as_view(), name="template-event"),
    path(f"{MAIL}/", views.MailDetail.as_view(), name="template-mail"),
    path(f"{MAIL}/preview/", views.Preview.as_view(), name="template-preview"),
    path(f"{MAIL}/drafts/", editing.Drafts.as_view(), name="template-drafts"),
    path(f"{MAIL}/publish/", editing.Publish.as_view(), name="template-publish"),
    path(f"{MAIL}/rollback/", editing.Rollback.as_view(), name="template-rollback"),
    path(f"{MAIL}/versions/", views.VersionList.as_view(), name="template-versions"),
    path(f"{MAIL}/versions/<int:number>/", views.VersionDetail.as_view(), name="template-version"),
]
