"""Addresses of the pages' JSON, below /admin/templates/data/."""

from django.urls import path

from studio.data import reading, writing

urlpatterns = [
    path("document/", reading.ReadDocument.as_view(), name="data-document"),
    path("check/", reading.Check.as_view(), name="data-check"),
    path("preview/", reading.Preview.as_view(), name="data-preview"),
    path("effect/", reading.ReadEffect.as_view(), name="data-effect"),
    path("comparison/", reading.ReadComparison.as_view(), name="data-comparison"),
    path("history/", reading.ReadHistory.as_view(), name="data-history"),
    path("version/", reading.ReadVersion.as_view(), name="data-version"),
    path("revisions/", reading.ReadRevisions.as_view(), name="data-revisions"),
    path("revision/", reading.ReadRevision.as_view(), name="data-revision"),
    path("draft/", writing.SaveDraft.as_view(), name="data-draft"),
    path("discard/", writing.DiscardDraft.as_view(), name="data-discard"),
    path("publish/", writing.Publish.as_view(), name="data-publish"),
    path("rollback/", writing.Rollback.as_view(), name="data-rollback"),
    path("test/", writing.SendTest.as_view(), name="data-test"),
    path("presence/", writing.Announce.as_view(), name="data-presence"),
]
