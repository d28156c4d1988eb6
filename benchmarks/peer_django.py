"""The same durable intake as a web developer would write it with Django and its ORM."""

from __future__ import annotations

import os
import time

import django
from django.conf import settings
from load import TOKEN
from served import PATH, PUBLIC
from twilio.request_validator import RequestValidator

settings.configure(
    DEBUG=False,
    ALLOWED_HOSTS=["*"],
    SECRET_KEY="benchmark",  # noqa: S106 nothing is signed with it
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": os.environ["PEER_DATABASE"],
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                "timeout": 60,
                "transaction_mode": "IMMEDIATE",
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
            },
        }
    },
)
django.setup()

from django.core.handlers.wsgi import WSGIHandler  # noqa: E402 after the settings
from django.db import connection, models, transaction  # noqa: E402 after the settings
from django.http import HttpRequest, HttpResponse  # noqa: E402 after the settings
from django.urls import path  # noqa: E402 after the settings

_VALIDATOR = RequestValidator(TOKEN)


class Inbox(models.Model):
    """What came in."""

    sid = models.CharField(max_length=64, unique=True)
    body = models.BinaryField()
    received_at = models.BigIntegerField()
    state = models.CharField(max_length=16)

    class Meta:
        """No app of its own."""

        app_label = "peer"
        db_table = "inbox"

    def __str__(self) -> str:
        return self.sid


def take(request: HttpRequest) -> HttpResponse:
    """One webhook."""
    raw = request.body
    if not _VALIDATOR.validate(PUBLIC + PATH, request.POST.dict(), request.headers.get("X-Twilio-Signature", "")):
        return HttpResponse(status=403)
    with transaction.atomic():
        Inbox.objects.get_or_create(
            sid=request.POST["MessageSid"],
            defaults={"body": raw, "received_at": time.time_ns() // 1000, "state": "new"},
        )
    return HttpResponse("<Response/>", content_type="text/xml", headers={"Content-Length": "11"})


urlpatterns = [path(PATH.lstrip("/"), take)]
app = WSGIHandler()

with connection.schema_editor() as editor:
    if "inbox" not in connection.introspection.table_names():
        editor.create_model(Inbox)
connection.close()
