"""Postroom's settings, all read from the environment (or `.env` beside manage.py).

A wrong value stops every process at start with a sentence: see `config.env`. Variables are
documented where they are read; `docs/settings.md` is generated from here.
"""

import os
from pathlib import Path

from dotenv import load_dotenv

from config import applications, brokers, consistency, databases, rest, schedule, secret_key
from config.admin_site import UNFOLD  # noqa: F401 - unfold reads it
from config.env import Environment
from config.logs import logging_config
from providers.configuration import read_providers
from providers.thresholds import read_policy

BASE_DIR = Path(__file__).resolve().parents[2]
load_dotenv(BASE_DIR / ".env")
env = Environment(os.environ)

# --- What kind of process this is ------------------------------------------------------------

env.section("The process")
DEBUG = env.flag(
    "DEBUG", default=False, about="Development mode; `make run` sets it. Never in production."
)
VAR_DIR = (
    BASE_DIR
    / env.text(
        "VAR_DIR",
        "var",
        about="Where local data lives: database, Valkey, journals. Relative to the project.",
    )
).resolve()
SECRET_KEY = secret_key.resolve(
    env.text(
        "SECRET_KEY",
        about="Signs sessions; required unless DEBUG is set. At least 50 random characters.",
    ),
    debug=DEBUG,
    var_dir=VAR_DIR,
)
ALLOWED_HOSTS = env.names(
    "ALLOWED_HOSTS",
    "localhost,127.0.0.1,[::1]",
    about="Host names this site answers to. Unset: only this machine's own.",
)
CSRF_TRUSTED_ORIGINS = env.names(
    "CSRF_TRUSTED_ORIGINS",
    about="Origins with scheme (https://mail.example.com) whose forms are trusted.",
)
HOST = env.text(
    "HOST",
    "127.0.0.1",
    about="The address that the web process listens on; 0.0.0.0 in a container.",
)
PORT = env.integer("PORT", 8000, at_least=1, about="The port that the web process listens on.")
WEB_CONCURRENCY = env.integer("WEB_CONCURRENCY", 2, at_least=1, about="The web process's workers.")
WORKER_CONCURRENCY = env.integer(
    "WORKER_CONCURRENCY",
    2,
    at_least=1,
    about="The sending processes of each worker of `manage.py up`.",
)
HEARTBEAT_FILE = env.path(
    "HEARTBEAT_FILE", about="A file that worker and beat touch every 5 s, for a supervisor."
)

# --- The shop --------------------------------------------------------------------------------

env.section("The shop")
SHOP_NAME = env.text(
    "SHOP_NAME", "Postroom Demo Shop", about="The shop's name, as its mails show it."
)
SHOP_URL = env.text(
    "SHOP_URL", "https://shop.example.com", about="The shop's address, linked from its mails."
)
SHOP_LOGO_URL = env.text(
    "SHOP_LOGO_URL",
    "",
    about="An absolute https address of the logo; without one the name is shown.",
)
SHOP_SUPPORT_EMAIL = env.text(
    "SHOP_SUPPORT_EMAIL", "support@shop.example.com", about="Where customers get help."
)
SHOP_REPLY_TO = env.text(
    "SHOP_REPLY_TO", "", about="Reply-To of every mail; without one replies go to the sender."
)
SHOP_COPY_TO = env.names(
    "SHOP_COPY_TO", about="Addresses that get the shop's own copy of each order mail."
)
DEFAULT_FROM_EMAIL = env.text(
    "DEFAULT_FROM_EMAIL",
    "Postroom Demo Shop <orders@shop.example.com>",
    about="The sender of every mail.",
)
SERVER_EMAIL = DEFAULT_FROM_EMAIL
DEFAULT_LOCALE = env.text(
    "DEFAULT_LOCALE", "en", about="The locale of mails whose recipient named none."
)
TIME_ZONE = env.text(
    "TIME_ZONE", "UTC", about="Dates in mails and in the admin are shown in this time zone."
)
USE_TZ = True
USE_I18N = True
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("ko", "한국어")]
LOCALE_PATHS = [BASE_DIR / "locale"]

# --- Applications ----------------------------------------------------------------------------

INSTALLED_APPS = applications.INSTALLED
MIDDLEWARE = applications.MIDDLEWARE
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = applications.TEMPLATES
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LOGIN_REDIRECT_URL = "admin:index"
LOGIN_URL = "admin:login"
STATIC_URL = "static/"
env.section("The process")
STATIC_ROOT = BASE_DIR / env.text(
    "STATIC_ROOT", "staticfiles", about="Where `collectstatic` puts files."
)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG

# --- Database --------------------------------------------------------------------------------

env.section("Database and broker")
DATABASES = {
    "default": databases.resolve(
        env.text(
            "DATABASE_URL", about="postgres://user:password@host/name; unset: SQLite in VAR_DIR."
        ),
        var_dir=VAR_DIR,
    )
}

# --- Redis and Celery ------------------------------------------------------------------------
#
# Each value below was measured against a broker that is refused, hung or black-holed.

_redis_url = env.text(
    "REDIS_URL",
    about="Redis or Valkey: broker and shared limits. Unset: the one that `manage.py up` starts.",
)
VALKEY_SOCKET = brokers.embedded_socket(VAR_DIR) if _redis_url is None else None
REDIS_URL = brokers.for_redis(f"unix://{VALKEY_SOCKET}" if _redis_url is None else _redis_url)
CELERY_BROKER_URL = brokers.for_celery(
    env.text("CELERY_BROKER_URL", about="Overrides REDIS_URL as the broker, e.g. amqp://….")
    or REDIS_URL
)
CELERY_RESULT_BACKEND = env.text(
    "CELERY_RESULT_BACKEND", about="Where Celery keeps results, if anybody wants them."
)
CELERY_TASK_IGNORE_RESULT = CELERY_RESULT_BACKEND is None
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_TASK_DEFAULT_QUEUE = "live"
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_REDIRECT_STDOUTS = False  # the console provider prints mail, not log records
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False  # it would send twice
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_TRANSPORT_OPTIONS = {}
if CELERY_BROKER_URL.startswith(("redis", "sentinel")):
    CELERY_BROKER_TRANSPORT_OPTIONS = brokers.REDIS_TRANSPORT_OPTIONS
elif CELERY_BROKER_URL.startswith("amqp"):
    CELERY_TASK_DEFAULT_QUEUE_TYPE = CELERY_TASK_CREATE_MISSING_QUEUE_TYPE = "quorum"
    CELERY_TASK_CREATE_MISSING_QUEUE_EXCHANGE_TYPE = "topic"
    CELERY_TASK_DEFAULT_EXCHANGE_TYPE = (
        "topic"  # a direct exchange would skip native delayed delivery
    )
    CELERY_BROKER_TRANSPORT_OPTIONS = {"confirm_publish": True}
CELERY_DB_REUSE_MAX = 1000  # tasks that one database connection serves; see config.celery
CELERY_WORKER_CONSUMER = "config.worker:Consumer"
CELERY_BEAT_SCHEDULER = "config.beat:HeartbeatScheduler"
CELERY_BEAT_SCHEDULE = schedule.PERIODIC

# --- Email providers -------------------------------------------------------------------------

env.section("Email providers")
MAILERS = read_providers(env, debug=DEBUG, var_dir=VAR_DIR)
EMAIL_PROVIDERS = list(MAILERS)
EMAIL_SEND_TIMEOUT = env.duration(
    "EMAIL_SEND_TIMEOUT", "20s", about="How long one provider may take to answer."
)
EMAIL_BACKEND = "notifications.mail_backend.OutboxEmailBackend"
MAIL_MAX_BYTES = env.integer(
    "MAIL_MAX_BYTES",
    10_485_760,
    at_least=1024,
    about="The largest mail that Django's `send_mail` may enqueue, attachments included, in bytes.",
)
SMTP_FAST_PATH = env.flag(
    "SMTP_FAST_PATH",
    default=True,
    about="Write common mail without Python's email package, and use SMTP PIPELINING if offered.",
)
PROVIDER_POLICY = read_policy(env, send_timeout=EMAIL_SEND_TIMEOUT)
TEMPLATES_EMAIL_DIRS = [BASE_DIR / "templates_email"]

# --- Studio ----------------------------------------------------------------------------------

env.section("Studio")
STUDIO_GATE_CONTEXTS = env.integer(
    "STUDIO_GATE_CONTEXTS",
    50,
    at_least=0,
    about="How many of an event's last real mails a new template is tried on before it is live.",
)
STUDIO_REVISIONS_KEPT = env.duration(
    "STUDIO_REVISIONS_KEPT", "90d", about="How long every saved text of a draft is kept."
)

# --- Delivery --------------------------------------------------------------------------------

env.section("Delivery")
CLAIM_DURATION = env.duration(
    "CLAIM_DURATION",
    "45s",
    about="A worker's right to a notification; longer than EMAIL_SEND_TIMEOUT.",
)
SENDING_THREADS = env.integer(
    "SENDING_THREADS",
    40,
    at_least=1,
    about="Most mails that one worker process has under way at once, with a slow provider.",
)
RETRY_FIRST_DELAY = env.duration(
    "RETRY_FIRST_DELAY", "10s", about="The backoff's first ceiling; it doubles from there."
)
RETRY_FLOOR = env.duration("RETRY_FLOOR", "1s", about="No retry comes sooner than this.")
RETRY_MAX_DELAY = env.duration("RETRY_MAX_DELAY", "4h", about="The backoff's last ceiling.")
RETRY_MAX_ATTEMPTS = env.integer(
    "RETRY_MAX_ATTEMPTS", 25, at_least=1, about="Attempts before a dead letter."
)
EXPIRES_AFTER = env.duration(
    "EXPIRES_AFTER", "48h", about="The age at which an undelivered mail becomes a dead letter."
)
BROKER_QUEUE_BOUND = env.integer(
    "BROKER_QUEUE_BOUND", 5000, at_least=1, about="Most messages left waiting in a broker queue."
)
RETENTION_DAYS = env.integer(
    "RETENTION_DAYS", 90, at_least=1, about="Days until personal data of finished mail is erased."
)
ORDER_RETENTION_DAYS = env.integer(
    "ORDER_RETENTION_DAYS",
    730,
    about="Days without an event until an order's customer data is erased; 0: never.",
)

# --- Admin -----------------------------------------------------------------------------------

env.section("Admin")
MASK_ADDRESSES = env.flag(
    "MASK_ADDRESSES",
    default=False,
    about="Mask recipients in the admin for people without the permission to see them (Viewers).",
)

# --- API -------------------------------------------------------------------------------------

env.section("API")
API_MAX_BODY_BYTES = env.integer(
    "API_MAX_BODY_BYTES", 1_048_576, at_least=1024, about="The largest request body, in bytes."
)
API_RATE = env.rate(
    "API_RATE",
    "60000/m",
    about="The most requests of one API key, such as 100/s, 600/m or 10000/h; more are 429.",
)
WEBHOOK_MAX_BODY_BYTES = env.integer(
    "WEBHOOK_MAX_BODY_BYTES",
    2_097_152,
    at_least=1024,
    about="The largest body of a provider's webhook, in bytes.",
)
# Django's own bound on bodies and forms, which webhooks are read by.
DATA_UPLOAD_MAX_MEMORY_SIZE = max(API_MAX_BODY_BYTES, WEBHOOK_MAX_BODY_BYTES)
API_MAX_ORDER_LINES = env.integer(
    "API_MAX_ORDER_LINES", 500, at_least=1, about="The most lines of one order."
)
REST_FRAMEWORK = rest.FRAMEWORK
DRF_STANDARDIZED_ERRORS = rest.ERRORS
SPECTACULAR_SETTINGS = rest.SCHEMA

# --- Security --------------------------------------------------------------------------------

env.section("Security")
BEHIND_TLS_PROXY = env.flag(
    "BEHIND_TLS_PROXY",
    default=False,
    about="A proxy in front ends TLS and sets X-Forwarded-Proto and X-Forwarded-For itself.",
)
HSTS = env.duration(
    "HSTS", "365d", about="How long browsers insist on https, with BEHIND_TLS_PROXY; 0s: never."
)
if BEHIND_TLS_PROXY:
    # Without such a proxy any client could claim to have come over https.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = int(HSTS.total_seconds())
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.flag(
    "HSTS_SUBDOMAINS", default=True, about="Whether that holds for names below this one too."
)
# Preloading is a promise for a whole domain, which only its owner can make.
SILENCED_SYSTEM_CHECKS = ["security.W021"]
SESSION_COOKIE_AGE = int(
    env.duration("SESSION_LIFETIME", "7d", about="How long a login lasts.").total_seconds()
)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEBUG
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# --- The daily report ------------------------------------------------------------------------

env.section("Daily report")
REPORT_TO = env.names(
    "REPORT_TO", about="Addresses that get the operators' daily report; unset: no report."
)
REPORT_AT = env.time_of_day(
    "REPORT_AT", "07:00", about="From when on yesterday's report is sent, in REPORT_TIME_ZONE."
)
REPORT_TIME_ZONE = (
    env.text("REPORT_TIME_ZONE", about="The zone of the report's days; unset: TIME_ZONE.")
    or TIME_ZONE
)
REPORT_LOCALE = (
    env.text("REPORT_LOCALE", about="The language of the report; unset: DEFAULT_LOCALE.")
    or DEFAULT_LOCALE
)

# --- Metrics ---------------------------------------------------------------------------------

env.section("Metrics")
METRICS_TOKEN = env.text(
    "METRICS_TOKEN", about="What `/metrics` asks for as a bearer token; unset: see METRICS_ALLOWED."
)
METRICS_ALLOWED = env.networks(
    "METRICS_ALLOWED",
    "127.0.0.0/8,::1/128",
    about="Networks that may read `/metrics` without a token, unless through a proxy.",
)

# --- Telemetry -------------------------------------------------------------------------------

env.section("Telemetry")
SENTRY_DSN = env.text("SENTRY_DSN", about="Where errors are sent; needs the extra `sentry`.")
SENTRY_ENVIRONMENT = env.text(
    "SENTRY_ENVIRONMENT", "production", about="What Sentry files them under."
)
OTEL_EXPORTER_OTLP_ENDPOINT = env.text(
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    about="Where spans are sent, over HTTP (http://collector:4318); the extra `opentelemetry`.",
)
OTEL_EXPORTER_OTLP_HEADERS = env.text(
    "OTEL_EXPORTER_OTLP_HEADERS", "", about="Headers to send with them: name=value,name=value."
)
OTEL_SERVICE_NAME = env.text("OTEL_SERVICE_NAME", "postroom", about="The service in traces.")

# --- Logs ------------------------------------------------------------------------------------

env.section("Logs")
LOG_FORMAT = env.choice(
    "LOG_FORMAT",
    "auto",
    of=("auto", "console", "json"),
    about="Readable lines, or one JSON object a line; auto: readable in development.",
)
LOG_LEVEL = env.choice(
    "LOG_LEVEL",
    "INFO",
    of=("DEBUG", "INFO", "WARNING", "ERROR"),
    about="The least severe line to write.",
)
LOGGING_CONFIG = "config.logs.configure"
LOGGING = logging_config(
    json=LOG_FORMAT == "json" or (LOG_FORMAT == "auto" and not DEBUG), level=LOG_LEVEL
)

consistency.check(globals())
