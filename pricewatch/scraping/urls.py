"""Addresses as text: one spelling for each page, hosts, origins, and the globs of site definitions."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import SplitResult, urlsplit, urlunsplit

from w3lib.url import canonicalize_url

MAX_URL = 2_083
PORTS = {"http": 80, "https": 443}
_USUAL_PORTS = (":80", ":443")
TRACKING = frozenset(
    {
        "_ga",
        "_gl",
        "dclid",
        "fbclid",
        "gad_campaignid",
        "gad_source",
        "gbraid",
        "gclid",
        "gclsrc",
        "igshid",
        "mc_cid",
        "mc_eid",
        "msclkid",
        "mtm_campaign",
        "mtm_kwd",
        "mtm_source",
        "sessionid",
        "srsltid",
        "ttclid",
        "twclid",
        "wbraid",
        "yclid",
    }
)
TRACKING_PREFIXES = ("utm_", "pk_", "hsa_", "utm-")
_COMMON = re.compile(r"https?://[a-z0-9][a-z0-9.-]*(:[1-9][0-9]{0,3})?/[!-~]*")  # what nearly all addresses are like
_PLAIN = re.compile(r"https?://[a-z0-9][a-z0-9.-]*(:[1-9][0-9]{0,4})?/[A-Za-z0-9/._~-]*")  # nothing to rewrite in it


def is_web_address(url: str) -> bool:
    """Say whether the text is an absolute http(s) address of a sane length, without control characters."""
    if len(url) > MAX_URL:
        return False
    if _COMMON.fullmatch(url):
        return True
    if any(c <= " " or c == "\x7f" for c in url):
        return False
    parts = _split(url)
    return parts is not None and parts.scheme in PORTS and bool(parts.hostname) and _port(parts) is not None


@lru_cache(maxsize=8_192)
def host_key(url: str) -> str:
    """The host and port that politeness counts by: `example.com:443`, in lower case."""
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    return f"[{host}]:{_port(parts)}" if ":" in host else f"{host}:{_port(parts)}"


def origin(url: str) -> str:
    """Scheme, host and port: credentials and cookies never leave it."""
    return f"{urlsplit(url).scheme}://{host_key(url)}"


def without_credentials(url: str) -> str:
    """The address without `user:password@`."""
    if "@" not in url:
        return url
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def canonical_url(url: str) -> str:
    """One spelling for each page: no fragment, tracking parameters or credentials; query sorted; host in lower case."""
    plain = _PLAIN.fullmatch(url)
    if plain and plain[1] not in _USUAL_PORTS and "/." not in url:
        return url
    parts = urlsplit(without_credentials(url))
    kept = "&".join(pair for pair in parts.query.split("&") if pair and not _is_tracking(pair))
    netloc = parts.netloc.lower().removesuffix(f":{PORTS.get(parts.scheme)}")
    return str(canonicalize_url(urlunsplit(parts._replace(netloc=netloc, query=kept, fragment=""))))


def on_domain(url: str, domain: str) -> bool:
    """Say whether the address belongs to a domain or one of its subdomains; a domain may name its port."""
    return _is_on(host_key(url), domain)


@lru_cache(maxsize=8_192)
def _is_on(key: str, domain: str) -> bool:
    name, _, port = domain.lower().partition(":")
    host, _, actual = key.rpartition(":")
    return (host == name or host.endswith(f".{name}")) and (not port or port == actual)


def glob_matches(pattern: str, text: str) -> bool:
    """Match a pattern in which only `*` is special, in linear time: the first and last pieces are anchored."""
    first, *rest = pattern.split("*")
    if not rest:
        return pattern == text
    if not text.startswith(first):
        return False
    place = len(first)
    for piece in rest[:-1]:
        found = text.find(piece, place)
        if found < 0:
            return False
        place = found + len(piece)
    return len(text) - place >= len(rest[-1]) and text.endswith(rest[-1])


def _is_tracking(pair: str) -> bool:
    name = pair.partition("=")[0].lower()
    return name in TRACKING or name.startswith(TRACKING_PREFIXES)


def _split(url: str) -> SplitResult | None:
    try:
        return urlsplit(url)
    except ValueError:
        return None


def _port(parts: SplitResult) -> int | None:
    try:
        return parts.port or PORTS.get(parts.scheme)
    except ValueError:
        return None
