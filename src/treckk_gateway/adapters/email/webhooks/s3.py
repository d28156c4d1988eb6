"""One object of one S3 bucket, as an address with a signature in its headers.

Source: Amazon S3 API reference, "Authenticating requests: using the Authorization header (AWS Signature Version 4)".
"""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import UTC, datetime
from urllib.parse import quote

import attrs

from treckk_gateway.adapters.email.webhooks.options import ServiceOptions
from treckk_gateway.channel import MediaSource
from treckk_gateway.model import Secret

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_KEY = re.compile(r"[A-Z0-9]{16,128}")
_NOTHING = hashlib.sha256(b"").hexdigest()


@attrs.frozen
class Bucket:
    """Where SES lays mail down, and who may read it there. A name without full stops, as TLS wants it."""

    name: str
    access_key: str
    secret_key: Secret

    @classmethod
    def of(cls, options: ServiceOptions) -> Bucket | None:
        """From the settings, `None` without them. Raises `ValueError`."""
        given = (options.s3_bucket, options.s3_access_key, options.s3_secret_key)
        if given == (None, None, None):
            return None
        if options.s3_bucket is None or options.s3_access_key is None or options.s3_secret_key is None:
            raise ValueError("s3_bucket: needs s3_access_key and s3_secret_key, and they need it")
        if not _NAME.fullmatch(options.s3_bucket) or not _KEY.fullmatch(options.s3_access_key):
            raise ValueError("s3_bucket: a bucket's name without full stops and an access key's id are needed")
        return cls(options.s3_bucket, options.s3_access_key, options.s3_secret_key)

    def source(self, key: str, region: str, now: float) -> MediaSource:
        """Where the object lies; the signature holds for some minutes."""
        host = f"{self.name}.s3.{region}.amazonaws.com{'.cn' if region.startswith('cn-') else ''}"
        path = "/" + quote(key.encode("utf-8", "replace"), safe="/~")
        headers = {"x-amz-content-sha256": _NOTHING, "x-amz-date": f"{datetime.fromtimestamp(now, UTC):%Y%m%dT%H%M%SZ}"}
        proof = authorization(
            {"host": host, **headers},
            path=path,
            region=region,
            access_key=self.access_key,
            secret_key=self.secret_key.reveal(),
        )
        return MediaSource(url=f"https://{host}{path}", headers={**headers, "Authorization": proof}, hosts=(host,))


def authorization(headers: dict[str, str], *, path: str, region: str, access_key: str, secret_key: str) -> str:
    """The `Authorization` of a GET without a query that bears these headers, `x-amz-date` among them."""
    date, names = headers["x-amz-date"], ";".join(sorted(headers))
    scope = f"{date[:8]}/{region}/s3/aws4_request"
    canonical = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    request = f"GET\n{path}\n\n{canonical}\n{names}\n{headers['x-amz-content-sha256']}"
    to_sign = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = f"AWS4{secret_key}".encode()
    for one in scope.split("/"):
        key = hmac.digest(key, one.encode(), "sha256")
    signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    return f"AWS4-HMAC-SHA256 Credential={access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
