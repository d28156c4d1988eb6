"""The commented file that `treckk init` writes."""

from __future__ import annotations

import json

_TEXT = """\
# Settings of one treckk_gateway. An unknown key or a bad value is refused before anything starts.
# A secret is written env:NAME or file:PATH; relative paths start at this file.
# All keys: docs/reference/configuration.md

[gateway]
# What providers and people call: https, unless it is this machine's own address. No slash at the end.
public_url = {public_url}
# Where the server itself listens, behind your TLS proxy.
listen = {listen}
data_dir = {data_dir}
# The unit's posts, categories and texts: a shipped name or a folder.
profile = {profile}
# Base64 of 32 random bytes. Without it the data cannot be read: keep a copy apart from the data.
secret_key = {secret_key}

# The citizen's form at /lapor. It is a web channel like a portal's; the secret reads whsec_...
[channels.lapor]
adapter = "web"
secret = {web_secret}

# A portal that signs its messages (Standard Webhooks) and is answered at callback_url.
# [channels.portal]
# adapter = "web"
# secret = "file:secrets/portal.secret"
# callback_url = "https://portal.example.go.id/updates"

# [channels.whatsapp]
# adapter = "twilio"
# account_sid = "AC00000000000000000000000000000000"
# auth_token = "env:TWILIO_AUTH_TOKEN"
# sender = "whatsapp:+6281100000000"

# [channels.email]
# adapter = "email"
# listen = "lmtp://127.0.0.1:8024"
# smtp = "smtp://127.0.0.1:25"
# address = "aduan@example.go.id"

# One entry for each person. Roles: admin, leadership, team, holder, duty.
# token_sha256 is the hash of the person's API token (make one: openssl rand -hex 32): printf %s TOKEN | sha256sum
[[staff]]
name = {staff_name}
role = "admin"
token_sha256 = {token_sha256}

# [[staff]]
# name = "Ketua"
# role = "leadership"
# addresses = ["whatsapp:+6281200000001"]

# [[staff]]
# name = "Regu Paringin 1"
# role = "team"
# post = "paringin"
# addresses = ["whatsapp:+6281200000002", "mailto:paringin@example.go.id"]
"""


def starter(
    *,
    token_sha256: str,
    public_url: str = "http://127.0.0.1:8080",
    listen: str = "127.0.0.1:8080",
    data_dir: str = "data",
    profile: str = "balangan",
    secret_key: str = "file:secrets/gateway.key",  # noqa: S107 where it lies, not what it is
    web_secret: str = "file:secrets/web.secret",  # noqa: S107 where it lies, not what it is
    staff_name: str = "admin",
) -> str:
    """A small valid configuration as TOML text, with the rest as comments.

    `token_sha256` is the hash of the first admin's API token. The file is valid once the secrets exist: the gateway's
    key (base64 of 32 bytes) and the form's (`whsec_` and base64).
    """
    values = {
        "token_sha256": token_sha256,
        "public_url": public_url,
        "listen": listen,
        "data_dir": data_dir,
        "profile": profile,
        "secret_key": secret_key,
        "web_secret": web_secret,
        "staff_name": staff_name,
    }
    return _TEXT.format_map({name: json.dumps(value, ensure_ascii=False) for name, value in values.items()})
