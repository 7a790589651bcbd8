"""OAuth 1.0a signatures (RFC 5849, section 3.4), by HMAC-SHA256."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping
from urllib.parse import quote


def oauth1(
    method: str, url: str, params: Mapping[str, str], *, key: str, secret: str, token: str = "", token_secret: str = ""
) -> Mapping[str, str]:
    """The OAuth parameters for a request; without a token it is one-legged."""
    proof = {
        "oauth_consumer_key": key,
        "oauth_nonce": secrets.token_hex(16),
        "oauth_signature_method": "HMAC-SHA256",
        "oauth_timestamp": str(int(time.time())),
        **({"oauth_token": token, "oauth_version": "1.0"} if token else {}),
    }
    pairs = sorted((_encoded(k), _encoded(v)) for k, v in {**params, **proof}.items())
    base = "&".join((method, _encoded(url), _encoded("&".join(f"{k}={v}" for k, v in pairs))))
    seal = f"{_encoded(secret)}&{_encoded(token_secret)}"
    digest = hmac.new(seal.encode(), base.encode(), hashlib.sha256).digest()
    return {**proof, "oauth_signature": base64.b64encode(digest).decode()}


def authorization(proof: Mapping[str, str]) -> str:
    """The parameters as the value of an Authorization header."""
    return "OAuth " + ", ".join(f'{name}="{_encoded(value)}"' for name, value in proof.items())


def _encoded(text: str) -> str:
    return quote(text, safe="-._~")
