"""Values of options of object stores, in the types that obstore takes: words from the command line or Python's own.

A message names the option and shows its value only where that cannot be a secret.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fastdln.errors import StoreError


def refused(name: str, why: str) -> StoreError:
    return StoreError(f"storage option {name}: {why}")


def text(name: str, value: Any) -> str:
    if not isinstance(value, str) or not value or not (value.isascii() and value.isprintable()):
        raise refused(name, "must be a line of printable ASCII")
    return value


def flag(name: str, value: Any) -> str:
    said = str(value).strip().lower()
    for word, spellings in {"true": ("true", "1", "yes", "y", "on"), "false": ("false", "0", "no", "n", "off")}.items():
        if said in spellings:
            return word
    raise refused(name, f"must be true or false (got {said[:20]!a})")


def count(name: str, value: Any) -> str:
    said = str(value).strip()
    if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,6}", said, re.ASCII):
        raise refused(name, f"must be a whole number from 0 to 999999 (got {said[:20]!a})")
    return str(int(said))


def number(name: str, value: Any) -> float:
    try:
        found = float(value)
    except (TypeError, ValueError):
        found = math.nan
    if not 1 <= found <= 100:
        raise refused(name, "must be a number from 1 to 100")
    return found


UNITS = {
    "nsec|ns": 1e-9,
    "usec|us": 1e-6,
    "msec|ms": 1e-3,
    "seconds|second|sec|s|": 1.0,
    "minutes|minute|min|m": 60.0,
    "hours|hour|hr|h": 3600.0,
    "days|day|d": 86400.0,
    "weeks|week|w": 604800.0,
}
SPAN = re.compile(r"\s*([0-9]{1,12}(?:\.[0-9]{1,9})?)\s*([a-z]*)\s*", re.ASCII)
LONGEST = 604800.0  # seconds; nobody waits for a request longer than a week, and obstore's own numbers end somewhere


def seconds(name: str, value: Any) -> float:
    """Of a timedelta, a number of seconds, or what obstore takes: "30s", "1m 30s"."""
    total = value.total_seconds() if isinstance(value, timedelta) else 0.0
    if isinstance(value, int | float) and not isinstance(value, bool):
        total = float(value)
    elif isinstance(value, str):
        spans = SPAN.findall(value) if re.fullmatch(f"(?:{SPAN.pattern})+", value, re.ASCII) else []
        total = sum(float(n) * of for n, unit in spans for units, of in UNITS.items() if unit in units.split("|"))
        if any(unit not in "|".join(UNITS).split("|") for _, unit in spans):
            total = math.nan
    if not 1e-3 <= total <= LONGEST:
        raise refused(name, 'must be a time up to a week, such as 30 (seconds), "30s" or "1m 30s"')
    return total


def duration(name: str, value: Any) -> str:
    return f"{round(seconds(name, value) * 1000)}ms"


def span(name: str, value: Any) -> timedelta:
    return timedelta(seconds=seconds(name, value))


# A name, or an address of IPv4 or IPv6.
HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+", re.ASCII)
PATH = re.compile(r"[A-Za-z0-9/._~%+-]*", re.ASCII)


def endpoint(name: str, value: Any) -> str:
    """An address of a server; what else is in it would be sent to it, or shown in messages."""
    try:
        parts = urlsplit(text(name, value))
        sound = (
            parts.scheme in ("http", "https")
            and HOST.fullmatch(parts.hostname or "")
            and PATH.fullmatch(parts.path)
            and parts.port != 0
        )
    except ValueError:
        sound = False
    if not sound:
        raise refused(name, "must be an address such as https://s3.example.org or http://127.0.0.1:9000")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise refused(name, "must be an address alone; keys are options of their own (access_key_id, ...)")
    return str(value)


def proxy(name: str, value: Any) -> str:
    try:
        parts = urlsplit(text(name, value))
        sound = parts.scheme in ("http", "https", "socks5", "socks5h") and bool(parts.hostname)
    except ValueError:
        sound = False
    if not sound or " " in value:
        raise refused(name, "must be an address such as http://proxy.example.org:3128")
    return str(value)


def certificate(name: str, value: Any) -> str:
    """PEM, or the path of a file of it."""
    said = value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)
    if "-----BEGIN" in said:
        return said
    try:
        return Path(said).expanduser().read_text()
    except (OSError, ValueError, RuntimeError):
        raise refused(name, "must be a certificate in PEM, or the path of a file of that") from None


def members(name: str, value: Any, example: str) -> Mapping[str, Any]:
    """A dict, or JSON of one."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            value = None
    if not isinstance(value, Mapping):
        raise refused(name, f"must be a dict, or JSON such as {example}")
    return value


def headers(name: str, value: Any) -> dict[str, str]:
    found = members(name, value, '{"x-team": "optics"}')
    return {text(name, key): text(name, content) for key, content in found.items()}


# Options of the HTTP client, by what they must be.
CLIENT: dict[str, Callable[[str, Any], Any]] = {
    "allow_http": flag,
    "allow_invalid_certificates": flag,
    "connect_timeout": duration,
    "default_content_type": text,
    "default_headers": headers,
    "http1_only": flag,
    "http2_keep_alive_interval": duration,
    "http2_keep_alive_timeout": duration,
    "http2_keep_alive_while_idle": flag,
    "http2_only": flag,
    "pool_idle_timeout": duration,
    "pool_max_idle_per_host": count,
    "proxy_ca_certificate": certificate,
    "proxy_excludes": text,
    "proxy_url": proxy,
    "randomize_addresses": flag,
    "read_timeout": duration,
    "root_certificate": certificate,
    "timeout": duration,
    "user_agent": text,
}

# Options of trying again.
RETRY: dict[str, Callable[[str, Any], Any]] = {
    "max_retries": lambda name, value: int(count(name, value)),
    "retry_timeout": span,
    "init_backoff": span,
    "max_backoff": span,
    "base": number,
}
