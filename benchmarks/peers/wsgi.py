"""The peers' WSGI application."""

from django.core.wsgi import get_wsgi_application

from benchmarks.peers.celery import app as celery_app

application = get_wsgi_application()
celery_app.set_default()
