"""Django in one file: WORDS of manage.py."""

import os
import sys
import time

import django.core.management
from django.conf import settings
from django.http import HttpResponse
from django.urls import path

settings.configure(
    DEBUG=True, ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="test", USE_TZ=True,
    MIDDLEWARE=[], INSTALLED_APPS=[], DATABASES={},
)  # fmt: skip


def slot(request):
    return HttpResponse(os.environ.get("PM_SLOT", "none"))


def slow(request):
    time.sleep(2)
    return slot(request)


urlpatterns = [path("", slot), path("slow", slow)]

if __name__ == "__main__":
    django.core.management.execute_from_command_line(sys.argv)
