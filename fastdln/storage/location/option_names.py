"""Options of object stores: as obstore, s3fs and the environment spell them, in the words and types that obstore takes.

What obstore would not understand is refused here, in one line: some of it would be a panic of its own, at the first request.
A message names the option and never its value where that may be a secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from fastdln.errors import StoreError
from fastdln.storage.location.option_values import CLIENT, RETRY, count, endpoint, flag, members, refused, text

# Kinds of object stores by the schemes that obstore knows, and what their options begin with in the environment.
SCHEMES = {
    "s3": "s3",
    "s3a": "s3",
    "gs": "gs",
    "az": "az",
    "adl": "az",
    "azure": "az",
    "abfs": "az",
    "abfss": "az",
}
PREFIXES = {"s3": "aws_", "gs": "google_", "az": "azure_"}

# What s3fs, gcsfs, adlfs and botocore call the options of obstore, and shorter names of obstore's own.
SPELLINGS: dict[str, dict[str, str]] = {
    "s3": {
        "key": "access_key_id",
        "username": "access_key_id",
        "secret": "secret_access_key",
        "password": "secret_access_key",
        "token": "session_token",
        "anon": "skip_signature",
        "endpoint_url": "endpoint",
        "endpoint_url_s3": "endpoint",
        "region_name": "region",
        "requester_pays": "request_payer",
        "max_pool_connections": "pool_max_idle_per_host",
        "verify": "root_certificate",
    },
    "gs": {"anon": "skip_signature", "endpoint_url": "base_url", "endpoint": "base_url"},
    "az": {"anon": "skip_signature", "endpoint_url": "endpoint", "sas_token": "sas_key", "bearer_token": "token"},
}

# Of these, obstore's own.
ALIASES = {"token": "session_token", "endpoint_url": "endpoint", "endpoint_url_s3": "endpoint"}

# Groups of options that may be given as a dict, or as JSON; their members may be given by themselves, too.
GROUPS = {"config", "client_options", "retry_config", "backoff", "client_kwargs", "config_kwargs", "s3", "retries"}

# s3fs has these for what fastdln does not do: caches of listings and of parts of files.
NEEDLESS = {
    "asynchronous",
    "batch_size",
    "cache_regions",
    "default_block_size",
    "default_cache_type",
    "default_fill_cache",
    "fixed_upload_size",
    "listings_expiry_time",
    "loop",
    "max_concurrency",
    "skip_instance_cache",
    "use_listings_cache",
}

# Read from the URL; given once more, they would name another location.
IN_THE_URL = {"bucket", "bucket_name", "container", "container_name", "prefix"}

ENDPOINTS = {"s3": "endpoint", "gs": "base_url", "az": "endpoint"}

# Shown where an option is not known.
EXAMPLES = {
    "s3": "endpoint, region, access_key_id, secret_access_key, session_token, skip_signature",
    "gs": "service_account, application_credentials, bearer_token, base_url, skip_signature",
    "az": "account_name, account_key, sas_key, token, endpoint, skip_signature",
}

FLAGS = {
    "disable_bulk_delete",
    "disable_tagging",
    "imdsv1_fallback",
    "s3_express",
    "skip_signature",
    "sse_bucket_key_enabled",
    "unsigned_payload",
    "use_azure_cli",
    "use_emulator",
    "use_fabric_endpoint",
    "virtual_hosted_style_request",
}

# What goes into a request's address or head and is read from the environment, too; not one line there is a panic.
IN_REQUESTS = {
    "access_key_id",
    "secret_access_key",
    "session_token",
    "region",
    "default_region",
    "account_name",
    "bearer_token",
    "sas_key",
    "token",
}


@dataclass(frozen=True)
class Settings:
    """What obstore's `from_url` takes, by its keywords."""

    config: dict[str, str] = field(default_factory=dict, hash=False)
    client_options: dict[str, Any] = field(default_factory=dict, hash=False)
    retry_config: dict[str, Any] = field(default_factory=dict, hash=False)
    credential_provider: Any = None


def settings(kind: str, given: Mapping[str, Any], environment: Mapping[str, str]) -> Settings:
    """The options of a store of a kind ("s3", "gs", "az"); what is given goes before the environment."""
    options: dict[str, tuple[str, Any]] = {}
    for name, value in single(given):
        key = canonical(kind, name)
        if value is None or key in NEEDLESS:
            continue
        if key in options and options[key][1] != value:
            raise refused(name, f"says something else than {options[key][0]}; give one of them")
        options[key] = name, value
    around = inherited(kind, environment)
    found = Settings(credential_provider=options.pop("credential_provider", (None, None))[1])
    for key, (name, value) in special(options, found).items():
        if key in IN_THE_URL:
            raise refused(name, "is said by the URL")
        if key in CLIENT:
            found.client_options[key] = CLIENT[key](name, value)
        elif key in RETRY:
            found.retry_config[key] = RETRY[key](name, value)
        else:
            found.config[key] = setting(kind, key, name, value)
    for key, (name, value) in around.items():
        if key in CLIENT and key not in found.client_options:
            found.client_options[key] = CLIENT[key](name, value)
        elif key in {*FLAGS, ENDPOINTS[kind]} - found.config.keys() or (
            key in IN_REQUESTS - found.config.keys() and value
        ):
            setting(kind, key, name, value)
    allow_http(kind, found, around)
    return found


def single(given: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Options, and what is in groups of them, one by one."""
    for name, value in given.items():
        if not isinstance(name, str):
            raise StoreError(f"storage option {name!r}: must be a name")
        if name not in GROUPS or value is None:
            yield name, value
        else:
            yield from single(members(name, value, '{"region_name": "eu-west-1"}'))


def canonical(kind: str, name: str) -> str:
    key = name.lower().removeprefix(PREFIXES[kind]).removeprefix("storage_" if kind == "az" else "")
    return SPELLINGS[kind].get(key, key)


def inherited(kind: str, environment: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """What obstore reads from the environment, by its option: the variable's name and value."""
    prefix, found = PREFIXES[kind].upper(), {}
    for name, value in sorted(environment.items()):  # AWS_ENDPOINT_URL_S3 last, as obstore has it
        key = name.removeprefix(prefix).lower().removeprefix("storage_" if kind == "az" else "")
        if name.startswith(prefix):
            found[ALIASES.get(key, key) if kind == "s3" else key] = name, value
    return found


def special(options: dict[str, tuple[str, Any]], found: Settings) -> dict[str, tuple[str, Any]]:
    """Takes out what botocore says in other terms than obstore."""
    rest = dict(options)
    if "use_ssl" in rest and flag(*rest.pop("use_ssl")) == "false":
        rest.setdefault("allow_http", ("use_ssl", True))
    name, value = rest.get("root_certificate", ("", None))
    if name.lower() == "verify" and str(value).lower() in ("true", "false"):
        del rest["root_certificate"]
        if flag(name, value) == "false":
            found.client_options["allow_invalid_certificates"] = "true"
    if "addressing_style" in rest:
        name, value = rest.pop("addressing_style")
        if value not in ("auto", "path", "virtual"):
            raise refused(name, "must be path, virtual or auto")
        if value != "auto":
            rest.setdefault("virtual_hosted_style_request", (name, value == "virtual"))
    for key, first in (("max_attempts", 0), ("total_max_attempts", 1)):  # botocore's total counts the first try, too
        if key in rest:
            name, value = rest.pop(key)
            rest.setdefault("max_retries", (name, max(0, int(count(name, value)) - first)))
    if "mode" in rest and rest["mode"][1] in ("legacy", "standard", "adaptive"):  # of botocore's retries
        del rest["mode"]
    if "signature_version" in rest:
        name, value = rest.pop("signature_version")
        if not isinstance(value, str):  # botocore.UNSIGNED is an object of its own
            rest.setdefault("skip_signature", (name, True))
        elif value not in ("s3v4", "v4"):
            raise refused(name, "must be s3v4; skip_signature=true leaves requests unsigned")
    if "proxies" in rest:
        name, value = rest.pop("proxies")
        proxies = value if isinstance(value, Mapping) else {}
        if not proxies or not proxies.keys() <= {"http", "https"} or len(set(proxies.values())) > 1:
            raise refused(name, "must name one proxy, as proxy_url does")
        rest.setdefault("proxy_url", (name, next(iter(proxies.values()))))
    return rest


def allow_http(kind: str, found: Settings, around: Mapping[str, tuple[str, str]]) -> None:
    """An http endpoint that somebody has written down is meant, and needs no second word."""
    key = ENDPOINTS[kind]
    name, from_outside = around.get(key, ("", ""))
    own = found.config.get(key)
    # obstore has it first, also before what is given
    if own and name == "AWS_ENDPOINT_URL_S3" and from_outside.rstrip("/") != own.rstrip("/"):
        raise refused(key, f"the environment's {name} says something else and goes first; unset it")
    address = own or from_outside
    if address.startswith("http://") and found.client_options.setdefault("allow_http", "true") != "true":
        raise refused(key, f"{address} is not encrypted, and allow_http is false")


def setting(kind: str, key: str, name: str, value: Any) -> str:
    """An option of the store itself; obstore judges most of them, when it is built."""
    if key in FLAGS:
        return flag(name, value)
    if key == ENDPOINTS[kind]:
        return endpoint(name, value)
    if isinstance(value, bool | int | float):
        value = str(value).lower()
    if not isinstance(value, str) and key not in IN_REQUESTS:
        raise unknown(kind, name)
    if key == "service_account_key" and isinstance(value, str):  # a file's text
        return value
    if key in ("region", "default_region") and not re.fullmatch(r"[A-Za-z0-9-]+", str(value)):
        raise refused(name, "must be the name of a region, such as eu-west-1")
    return text(name, value)


def unknown(kind: str, name: str) -> StoreError:
    """Of an option that obstore does not know."""
    if name == "profile":
        return refused(name, "profiles are not read; `aws configure export-credentials --format env` prints their keys")
    known = [*CLIENT, *RETRY, *SPELLINGS[kind], *SPELLINGS[kind].values(), *EXAMPLES[kind].split(", "), *FLAGS]
    close = get_close_matches(name, known, 1)
    hint = f"did you mean {close[0]}? " if close else ""
    return refused(name, f"is not known; {hint}valid are, among others, {EXAMPLES[kind]}, timeout, allow_http")
