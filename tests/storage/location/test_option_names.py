"""Options of object stores: every spelling of a name, and the environment."""

import json
from datetime import timedelta

import pytest

from fastdln.storage.location import locate
from tests.storage.location.credentials import SECRET


def works(url, options):
    place = locate(url, options)
    place.write("x", b"content")
    assert place.read("x") == b"content"
    return place._unmet


# Of s3fs and botocore, of obstore, and as words of the command line; "ENDPOINT" stands for the server's address.
GIVEN = {
    "s3fs": {"key": "a", "secret": "b", "token": "c", "endpoint_url": "ENDPOINT", "anon": False, "use_ssl": False},
    "s3fs, groups": {
        "client_kwargs": {
            "endpoint_url": "ENDPOINT",
            "region_name": "eu-west-1",
            "aws_access_key_id": "a",
            "aws_secret_access_key": "b",
            "verify": False,
        },
        "config_kwargs": {
            "connect_timeout": 5,
            "read_timeout": 7.5,
            "s3": {"addressing_style": "path"},
            "retries": {"max_attempts": 3, "mode": "standard"},
            "signature_version": "s3v4",
        },
        "requester_pays": False,
        "default_block_size": 2**20,
        "use_listings_cache": False,
    },
    "obstore": {
        "access_key_id": "a",
        "secret_access_key": "b",
        "endpoint": "ENDPOINT",
        "region": "us-east-1",
        "allow_http": True,
        "timeout": timedelta(seconds=20),
        "default_headers": {"x-team": "optics"},
        "max_retries": 3,
        "retry_timeout": timedelta(seconds=40),
        "init_backoff": 0.2,
    },
    "obstore, groups": {
        "config": {"aws_access_key_id": "a", "aws_secret_access_key": "b", "aws_endpoint_url": "ENDPOINT"},
        "client_options": {"allow_http": True, "pool_max_idle_per_host": 4},
        "retry_config": {"max_retries": 1, "backoff": {"base": 3, "max_backoff": timedelta(seconds=2)}},
    },
    "words": {
        "AWS_ACCESS_KEY_ID": "a",
        "secret": "b",
        "endpoint": "ENDPOINT",
        "allow_http": "yes",
        "timeout": "20",
        "connect_timeout": "1m 30s",
        "max_retries": "2",
        "skip_signature": "off",
        "pool_idle_timeout": "500ms",
        "http1_only": "true",
        "default_headers": '{"x-team": "optics"}',
    },
    "words, groups": {"client_kwargs": '{"endpoint_url": "ENDPOINT"}', "key": "a", "secret": "b"},
}


def filled(options, endpoint):
    return json.loads(json.dumps(options).replace("ENDPOINT", endpoint))


@pytest.mark.parametrize("name", [name for name in GIVEN if name != "obstore" and name != "obstore, groups"])
def test_every_spelling_reaches_an_http_server(url, endpoint, name):
    works(url, filled(GIVEN[name], endpoint))


def test_options_go_where_they_belong(url, endpoint):
    own = GIVEN["obstore"] | {"endpoint": endpoint}
    store = works(url, own)
    assert {"access_key_id": "a", "secret_access_key": "b", "endpoint": endpoint}.items() <= store.config.items()
    assert {"allow_http": "true", "timeout": "20000ms"}.items() <= store.client_options.items()
    assert store.retry_config["max_retries"] == 3
    assert store.retry_config["retry_timeout"] == timedelta(seconds=40)
    assert store.retry_config["backoff"]["init_backoff"] == timedelta(seconds=0.2)
    groups = GIVEN["obstore, groups"] | {"config": filled(GIVEN["obstore, groups"]["config"], endpoint)}
    store = works(url, groups)
    assert store.client_options["pool_max_idle_per_host"] == "4"
    assert store.retry_config["max_retries"] == 1
    assert store.retry_config["backoff"]["max_backoff"] == timedelta(seconds=2)
    store = works(url, filled(GIVEN["s3fs, groups"], endpoint))
    assert (store.config["region"], store.config["virtual_hosted_style_request"]) == ("eu-west-1", "false")
    assert store.client_options["read_timeout"] == "7500ms"
    assert store.client_options["allow_invalid_certificates"] == "true"
    assert store.retry_config["max_retries"] == 3
    store = works(url, filled(GIVEN["s3fs"], endpoint))
    assert store.config["session_token"] == "c"
    assert locate(url, {"use_ssl": "no"})._unmet.client_options["allow_http"] == "true"
    assert locate(url, {"use_ssl": True, "verify": "true"})._unmet.client_options is None
    assert locate(url, {"anon": True})._unmet.config["skip_signature"] == "true"
    assert store.retry_config["retry_timeout"] == timedelta(seconds=60), "what a run waits if nobody says otherwise"


@pytest.mark.parametrize("variable", ["AWS_ENDPOINT", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"])
@pytest.mark.parametrize("allowed", [None, "true"])
def test_the_environment_alone_is_enough(url, endpoint, variable, allowed, monkeypatch):
    around = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "us-east-1", variable: endpoint}
    for name, value in (around | ({"AWS_ALLOW_HTTP": allowed} if allowed else {})).items():
        monkeypatch.setenv(name, value)
    works(url, None)
    works(url, {"timeout": "20s"})  # one option of the client does not do away with the environment's
    monkeypatch.setenv("AWS_TIMEOUT", "7")
    assert locate(url)._unmet.client_options["timeout"] == "7000ms"
    assert locate(url, {"timeout": 9})._unmet.client_options["timeout"] == "9000ms"


def test_other_object_stores_have_their_own_words(monkeypatch):
    store = locate("az://box/x.zarr", {"account_name": "q", "sas_token": f"sv=2020&sig={SECRET}", "timeout": 9})._unmet
    assert store.config["container_name"] == "box"
    assert store.config["sas_key"].endswith(SECRET)
    assert store.client_options["timeout"] == "9000ms"
    assert locate("az://box/x.zarr", {"account_name": "q", "token": "t"})._unmet.config["token"] == "t"
    store = locate("gs://box/x.zarr", {"anon": "true", "endpoint_url": "http://127.0.0.1:4443"})._unmet
    assert store.config["base_url"] == "http://127.0.0.1:4443"
    assert store.client_options["allow_http"] == "true"
