"""Keeps credentials out of logs and messages."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence

_USERINFO = re.compile(r"(?<=://)[^/?#\s@\"']{1,2000}@")
_QUERY = re.compile(
    r"([?&;](?:ws_key|[a-z_.-]{0,40}(?:token|secret|passw(?:or)?d|signature|api_?key|apikey)|key|sig|auth|code)=)[^&#\s\"']+",
    re.IGNORECASE,
)
_HEADER = re.compile(
    r"\b((?:proxy-)?authorization|cookie|set-cookie|x-[a-z-]{0,40}(?:key|token|secret))"
    r"([\"']?\s{0,4}[:=,]\s{0,4}(?:b?[\"'])?)[^\r\n\"']+",
    re.IGNORECASE,
)
_BEARER = re.compile(r"\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}", re.IGNORECASE)


def redact(text: str) -> str:
    """Hide credentials in text: `user:password@`, secret query values, Authorization and cookie headers."""
    text = _USERINFO.sub("***@", text)
    text = _QUERY.sub(r"\1***", text)
    text = _HEADER.sub(r"\1\2***", text)
    return _BEARER.sub(r"\1 ***", text)


class RedactingFilter(logging.Filter):
    """Hides credentials in every record that passes, its arguments and its exception included."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let the record pass, redacted."""
        record.msg, record.args = redact(record.getMessage()), None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = redact(record.exc_text)
        return True


NOISY = ("httpx", "httpcore", "aiohttp", "aiohttp.client", "aiohttp.access", "hpack", "asyncio")


def quiet_logs(names: Sequence[str] = NOISY) -> None:
    """Raise the HTTP libraries' loggers to WARNING and redact what they still say; calling it again changes nothing."""
    for name in names:
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.WARNING))
        if not any(isinstance(f, RedactingFilter) for f in logger.filters):
            logger.addFilter(RedactingFilter())
