"""The peers' Celery app, as Celery's guide for Django writes it."""

from celery import Celery

app = Celery("peer")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
