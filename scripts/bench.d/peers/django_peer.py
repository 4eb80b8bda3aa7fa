"""A Django REST framework service that stores samples: `gunicorn django_peer:app`."""

import os
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.conf import settings

_url = urlsplit(os.environ["DATABASE"])
settings.configure(
    SECRET_KEY="of a bench",  # noqa: S106
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    INSTALLED_APPS=["rest_framework"],
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": _url.path[1:],
            "USER": _url.username,
            "PASSWORD": _url.password,
            "HOST": parse_qs(_url.query)["host"][0],
            "PORT": parse_qs(_url.query)["port"][0],
            "CONN_MAX_AGE": None,  # keeps a connection in each thread
        }
    },
    REST_FRAMEWORK={
        "UNAUTHENTICATED_USER": None,
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    },
)

import django  # noqa: E402

django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import models  # noqa: E402
from django.http import HttpRequest, JsonResponse  # noqa: E402
from django.urls import path  # noqa: E402
from places import Places  # noqa: E402
from rest_framework import serializers  # noqa: E402
from rest_framework.authentication import BaseAuthentication  # noqa: E402
from rest_framework.exceptions import AuthenticationFailed  # noqa: E402
from rest_framework.permissions import IsAuthenticated  # noqa: E402
from rest_framework.request import Request  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402
from storage import answer, hash_of, new_token  # noqa: E402

places = Places()


class Device(models.Model):
    """An installation of the app."""

    id = models.UUIDField(primary_key=True, db_default=models.Func(function="gen_random_uuid"))
    token_hash = models.BinaryField(unique=True)
    is_authenticated = True

    class Meta:
        app_label, db_table, managed = "peer", "devices", False


class Measurement(models.Model):
    """One test."""

    id = models.UUIDField(primary_key=True)
    device = models.ForeignKey(Device, models.CASCADE)
    measured_at = models.DateTimeField()
    status = models.TextField()
    kind = models.TextField()
    technology = models.TextField(null=True)
    operator = models.TextField()
    download_mbps = models.FloatField(null=True)
    upload_mbps = models.FloatField(null=True)
    ping_ms = models.FloatField(null=True)
    jitter_ms = models.FloatField(null=True)
    latitude = models.FloatField()
    longitude = models.FloatField()
    accuracy_m = models.FloatField(null=True)
    unit_id = models.IntegerField(null=True)
    raw = models.JSONField()

    class Meta:
        app_label, db_table, managed = "peer", "measurements", False


class NetworkSerializer(serializers.Serializer):
    """The network of a test."""

    kind = serializers.ChoiceField(["mobile", "wifi"])
    technology = serializers.CharField(required=False, allow_null=True)
    mcc = serializers.CharField(required=False, allow_null=True)
    mnc = serializers.CharField(required=False, allow_null=True)
    operator = serializers.CharField(required=False, allow_blank=True, default="")
    signal_dbm = serializers.IntegerField(required=False, allow_null=True)
    roaming = serializers.BooleanField(required=False, default=False)


class LocationSerializer(serializers.Serializer):
    """The fix of a test."""

    latitude = serializers.FloatField(min_value=-90, max_value=90)
    longitude = serializers.FloatField(min_value=-180, max_value=180)
    accuracy_m = serializers.FloatField(required=False, allow_null=True, min_value=0)
    provider = serializers.CharField(required=False, allow_null=True)
    is_mock = serializers.BooleanField(required=False, default=False)
    fixed_at = serializers.DateTimeField(required=False, allow_null=True)


def _value(most: float) -> serializers.FloatField:
    return serializers.FloatField(required=False, allow_null=True, min_value=0, max_value=most)


class MeasurementSerializer(serializers.Serializer):
    """One test."""

    id = serializers.UUIDField()
    measured_at = serializers.DateTimeField()
    status = serializers.ChoiceField(["finished", "failed"])
    download_mbps, upload_mbps = _value(10_000), _value(10_000)
    ping_ms, jitter_ms = _value(60_000), _value(60_000)
    network = NetworkSerializer()
    location = LocationSerializer()
    server = serializers.DictField(child=serializers.CharField(), required=False)
    app_version = serializers.CharField(required=False)


class TokenAuthentication(BaseAuthentication):
    """Finds the device of a bearer token."""

    def authenticate(self, request: Request) -> tuple[Device, None]:
        """Return the device; AuthenticationFailed without one."""
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        device = Device.objects.filter(token_hash=hash_of(token)).first()
        if device is None:
            raise AuthenticationFailed
        return device, None


class Health(APIView):
    """Answers that the service is up."""

    def get(self, request: Request) -> Response:
        """Answer."""
        return Response({})


class Devices(APIView):
    """Registration."""

    def post(self, request: Request) -> Response:
        """Register a device."""
        token, stored = new_token()
        Device.objects.create(token_hash=stored)
        return Response({"token": token}, 201)


class Measurements(APIView):
    """A sample of a device."""

    authentication_classes = [TokenAuthentication]
    permission_classes = [IsAuthenticated]

    def post(self, request: Request) -> Response:
        """Store a sample."""
        serializer = MeasurementSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        location = serializer.validated_data["location"]
        unit = places.find(location["longitude"], location["latitude"])
        sample = _build(serializer.validated_data, request.data, request.user, unit)
        sample.save(force_insert=True)
        return Response(answer(str(sample.id), unit), 201)


class Batches(Measurements):
    """Several samples of a device."""

    def post(self, request: Request) -> Response:
        """Store samples."""
        serializer = MeasurementSerializer(data=request.data["measurements"], many=True)
        serializer.is_valid(raise_exception=True)
        locations = [sample["location"] for sample in serializer.validated_data]
        units = places.find_many(
            [one["longitude"] for one in locations], [one["latitude"] for one in locations]
        )
        parts = zip(serializer.validated_data, serializer.initial_data, units, strict=True)
        samples = [_build(valid, raw, request.user, unit) for valid, raw, unit in parts]
        Measurement.objects.bulk_create(samples, ignore_conflicts=True)
        return Response({"results": [answer(str(one.id), one.unit_id) for one in samples]}, 201)


def _build(valid: dict[str, Any], raw: Any, device: Device, unit: int | None) -> Measurement:
    network, location = valid["network"], valid["location"]
    return Measurement(
        id=valid["id"],
        device=device,
        measured_at=valid["measured_at"],
        status=valid["status"],
        kind=network["kind"],
        technology=network.get("technology"),
        operator=network["operator"],
        download_mbps=valid.get("download_mbps"),
        upload_mbps=valid.get("upload_mbps"),
        ping_ms=valid.get("ping_ms"),
        jitter_ms=valid.get("jitter_ms"),
        latitude=location["latitude"],
        longitude=location["longitude"],
        accuracy_m=location.get("accuracy_m"),
        unit_id=unit,
        raw=raw,
    )


def not_found(request: HttpRequest, exception: Exception) -> JsonResponse:
    """Answer an unknown address."""
    return JsonResponse({}, status=404)


urlpatterns = [
    path("healthz", Health.as_view()),
    path("api/v1/devices", Devices.as_view()),
    path("measurements", Measurements.as_view()),
    path("batches", Batches.as_view()),
]
handler404 = not_found
app = get_wsgi_application()
