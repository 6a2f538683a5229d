"""What the peers' projects have in common: the database, broker and mail server of the run.

Kinder to them than Django's defaults in one point: on SQLite they get Postroom's options, without
which two writing processes fail with "database is locked".
"""

import json
import os

import dj_database_url

SECRET_KEY = "benchmark"
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
USE_TZ = True
TIME_ZONE = "UTC"
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "benchmarks.peers.shop",
]
ROOT_URLCONF = "benchmarks.peers.urls"
WSGI_APPLICATION = "benchmarks.peers.wsgi.application"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": dj_database_url.parse(os.environ["DATABASE_URL"])}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
CELERY_BROKER_URL = os.environ["BROKER_URL"]
DEFAULT_FROM_EMAIL = "Moon & Leaf <orders@shop.example.com>"
SMTP = "django.core.mail.backends.smtp.EmailBackend"
POSTMARK = "anymail.backends.postmark.EmailBackend"
SENDS_WITH = POSTMARK if os.environ["SENDS_OVER"] == "postmark" else SMTP
EMAIL_BACKEND = SENDS_WITH
EMAIL_HOST = "127.0.0.1"
EMAIL_PORT = int(os.environ["SMTP_PORT"])
ANYMAIL = {
    "POSTMARK_SERVER_TOKEN": "benchmark",
    "POSTMARK_API_URL": f"http://127.0.0.1:{os.environ['HTTP_PORT']}/",
}
OPTIONS = json.loads(os.environ.get("PEER_OPTIONS", "{}"))
