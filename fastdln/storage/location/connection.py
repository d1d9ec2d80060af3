"""Connections to object stores through obstore, and what went wrong with them in one line."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import BaseError, UnknownConfigurationKeyError
from obstore.store import from_url

from fastdln.errors import StoreError, first_line
from fastdln.storage.location.option_names import SCHEMES, Settings, settings, unknown

# A run lives through a minute in which nobody answers.
RETRIES: dict[str, Any] = {"max_retries": 5, "retry_timeout": timedelta(seconds=60)}

# At the first contact somebody waits for an answer, and what does not answer is more likely misspelt than restarting.
IMPATIENT: dict[str, Any] = {"max_retries": 2, "retry_timeout": timedelta(seconds=10)}
IMPATIENT_CLIENT: dict[str, Any] = {"connect_timeout": "5000ms", "timeout": "10000ms"}

BACKOFF = ("init_backoff", "max_backoff", "base")

# Hosts of object stores that obstore knows by themselves; at other ones there is nothing that could be written to.
HOSTS = {
    "amazonaws.com": "s3",
    "r2.cloudflarestorage.com": "s3",
    "blob.core.windows.net": "az",
    "dfs.core.windows.net": "az",
    "blob.fabric.microsoft.com": "az",
    "dfs.fabric.microsoft.com": "az",
}

# Where obstore asks for keys when it has been given none.
METADATA_SERVERS = ("169.254.169.254", "metadata.google.internal", "metadata server")

KEYS = {
    "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS",
    "az": "AZURE_STORAGE_ACCOUNT_KEY",
}

MISSING_BUCKET = ("NoSuchBucket", "ContainerNotFound", "specified bucket does not exist")


def kind_of(url: str) -> str:
    """Which object store a URL is of; StoreError, in one line, if it is of none or has more than a location in it."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError as error:  # brackets that are no IPv6 address
        raise StoreError(f"{url}: is no URL: {first_line(error)}") from None
    if "@" in parts.netloc and parts.scheme not in ("abfs", "abfss"):  # which have the container there
        raise StoreError(
            f"{parts.scheme}://...@{host}: keys do not belong in a URL; give them in the environment or as storage options"
        )
    if parts.query or parts.fragment:
        raise StoreError(f"{url.partition('?')[0].partition('#')[0]}: a store's URL has no ? and no # in it")
    kind = SCHEMES.get(parts.scheme)
    if parts.scheme in ("http", "https"):
        kind = next((kind for name, kind in HOSTS.items() if host == name or host.endswith(f".{name}")), None)
        if not kind:
            raise StoreError(
                f"{url}: a web server is no place for a store; valid are paths, file:///path, and s3://, gs:// and az:// URLs "
                f"(an S3 server of your own: s3://bucket/name.zarr and --storage endpoint={parts.scheme}://{parts.netloc})"
            )
    elif ":" in parts.netloc:
        raise StoreError(f"{url}: a bucket has no port; the address of a server is the storage option endpoint")
    if not kind:
        raise StoreError(f"{url}: no kind of store; valid are paths, file:///path, and s3://, gs:// and az:// URLs")
    inside = unquote(parts.path).strip("/")
    if inside and {"", ".", ".."} & set(inside.split("/")):
        raise StoreError(f"{url}: a name in a bucket has no empty parts, and no . or .. as a part")
    return kind


def connected(url: str, options: Mapping[str, Any], *, impatient: bool = False) -> Any:
    """obstore's store for a URL. Asks nobody anything yet."""
    kind = kind_of(url)
    given = settings(kind, options, os.environ)
    words: dict[str, Any] = {
        "config": given.config or None,
        "client_options": client_options(given, impatient) or None,
        "retry_config": retries(given, impatient),
        "credential_provider": given.credential_provider,
    }
    try:
        found: Any = from_url(url, **{word: value for word, value in words.items() if value})
    except UnknownConfigurationKeyError as error:
        key = re.search(r"'([^']*)'", str(error))
        raise unknown(kind, key[1] if key else "") from None
    except BaseException as error:
        raise one_line(url, "cannot be used as given", error) from None
    if not found.prefix:
        raise StoreError(f"{url}: is a bucket; give a name in it, such as {url.rstrip('/')}/sweep.zarr")
    return found


def client_options(given: Settings, impatient: bool) -> dict[str, Any]:
    return (IMPATIENT_CLIENT if impatient else {}) | given.client_options


def retries(given: Settings, impatient: bool) -> dict[str, Any]:
    backoff = {key: value for key, value in given.retry_config.items() if key in BACKOFF}
    rest = {key: value for key, value in given.retry_config.items() if key not in BACKOFF}
    return (IMPATIENT if impatient else RETRIES) | rest | ({"backoff": backoff} if backoff else {})


def meet(url: str, options: Mapping[str, Any], key: str) -> None:
    """The first contact: a key is asked for, there or not, by somebody who does not wait for long."""
    try:
        obstore.get(connected(url, options, impatient=True), key)
    except FileNotFoundError as error:
        if any(words in str(error) for words in MISSING_BUCKET):
            raise StoreError(f"{url}: there is no such bucket") from None
    except StoreError:
        raise
    except BaseException as error:
        raise one_line(url, "cannot be reached", error) from None


def panicked(error: BaseException) -> bool:
    """Whether a part that is written in Rust has given up; it says so by a BaseException of its own."""
    return type(error).__name__ == "PanicException"


def one_line(url: str, what: str, error: BaseException) -> BaseException:
    """What obstore said, without its own structures and pages of XML, as a StoreError; other errors as they are."""
    if panicked(error):
        return StoreError(f"{url}: {what}: obstore gave up ({first_line(error)}); are all options right?")
    if not isinstance(error, BaseError | OSError | TypeError | ValueError | OverflowError):
        return error
    said, whole = first_line(error), str(error)
    if any(server in said for server in METADATA_SERVERS):
        return StoreError(
            f"{url}: no keys are known, and this machine has none of its own; set {KEYS[kind_of(url)]} in the environment, "
            "or give skip_signature=true for what is public"
        )
    # the reason is in what obstore appends: an error of the system, or the server's code
    reasons = [
        *re.findall(r'(?:message|error): "([^"]{1,200})"', whole),
        *re.findall(r"<Code>(\w{1,100})</Code>", whole),
    ]
    reasons += ["no answer in time"] * ("kind: Timeout" in whole)
    more = f" ({reasons[-1]})" if reasons and reasons[-1] not in said else ""
    return StoreError(f"{url}: {what}: {said}{more}")
