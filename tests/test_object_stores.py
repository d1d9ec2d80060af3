"""Object stores as their users meet them: every spelling of an option, servers that refuse or say nothing, keys kept secret."""

import json
import os
import pickle
import re
import socket
import subprocess
import sys
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import commands
import obstore
import pytest
from commands import invoke
from small import FILE, SWEEP

import fastdln
from fastdln import StoreError
from fastdln.execution.compute import compute
from fastdln.storage.location import connection, locate, plain_errors
from fastdln.storage.location.option_names import Settings
from fastdln.storage.location.protocol import ROOT

SECRET = "wJalrXUtnFEMIK7MDENG"


@pytest.fixture(autouse=True)
def own_environment(monkeypatch):
    for name in [name for name in os.environ if name.startswith(("AWS_", "GOOGLE_", "AZURE_"))]:
        monkeypatch.delenv(name)


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


SOUND = {"key": "AKID", "secret": SECRET, "endpoint": "http://127.0.0.1:9", "region": "us-east-1"}

BAD = [
    ({"allow_http": "maybe"}, "allow_http: must be true or false"),
    ({"allow_http": "false"}, "endpoint: .*not encrypted, and allow_http is false"),
    ({"timeout": "soon"}, "timeout: must be a time"),
    ({"timeout": 0}, "timeout: must be a time"),
    ({"timeout": 1e400}, "timeout: must be a time"),
    ({"aws_connect_timeout": "1 fortnight"}, "aws_connect_timeout: must be a time"),
    ({"retry_timeout": "x"}, "retry_timeout: must be a time"),
    ({"max_retries": -1}, "max_retries: must be a whole number"),
    ({"pool_max_idle_per_host": "many"}, "pool_max_idle_per_host: must be a whole number"),
    ({"base": 0}, "base: must be a number"),
    ({"endpoint": "not a url"}, "endpoint: must be an address such as https://"),
    ({"endpoint": "host:9000"}, "endpoint: must be an address such as https://"),
    ({"endpoint": "http://host:99999"}, "endpoint: must be an address such as https://"),
    *(
        ({"endpoint": f"http://{host}"}, "endpoint: must be an address such as https://")
        for host in ('a"b', "%41", "a<b>")
    ),
    ({"endpoint": f"http://user:{SECRET}@host"}, "endpoint: must be an address alone"),
    ({"endpoint_url": "http://other"}, "endpoint_url: says something else than endpoint"),
    ({"region": "a b"}, "region: must be the name of a region"),
    ({"token": f"a\n{SECRET}"}, "token: must be a line of printable ASCII"),
    ({"token": f"{SECRET}\u0142"}, "token: must be a line of printable ASCII"),
    ({"tiemout": "3s"}, "tiemout: is not known; did you mean timeout"),
    ({SECRET: "x"}, "is not known; .*valid are, among others, endpoint"),
    ({"session": object()}, "session: is not known"),
    ({"profile": "x"}, "profile: profiles are not read"),
    ({"s3_additional_kwargs": {"a": "b"}}, "s3_additional_kwargs: is not known"),
    ({"bucket": "other"}, "bucket: is said by the URL"),
    ({"client_kwargs": "x"}, "client_kwargs: must be a dict"),
    ({"client_kwargs": {"nonsense": 1}}, "nonsense: is not known"),
    ({"config_kwargs": {"s3": {"addressing_style": "x"}}}, "addressing_style: must be path, virtual or auto"),
    ({"default_headers": "x"}, "default_headers: must be a dict"),
    ({"root_certificate": "/no/such.pem"}, "root_certificate: must be a certificate"),
    ({"proxy_url": SECRET}, "proxy_url: must be an address"),
    ({"skip_signature": "maybe"}, "skip_signature: must be true or false"),
    ({"server_side_encryption": "x"}, "Invalid encryption type"),
    ({5: "x"}, "5: must be a name"),
]


@pytest.mark.parametrize(("bad", "said"), BAD, ids=[f"{key} {n}" for n, ((key, *_), _) in enumerate(BAD)])
def test_a_bad_option_is_one_line(bad, said, capfd):
    if {"endpoint"} & bad.keys():
        options = {key: value for key, value in SOUND.items() if key != "endpoint"} | bad
    else:
        options = SOUND | bad
    with pytest.raises(StoreError, match=said) as caught:
        locate("s3://b/x.zarr", options)
    assert "\n" not in str(caught.value)
    assert SECRET in bad or SECRET not in str(caught.value)
    assert capfd.readouterr().err == "", "nothing from Rust"


AROUND = [
    ("AWS_ALLOW_HTTP", "maybe"),
    ("AWS_ALLOW_HTTP", ""),
    ("AWS_TIMEOUT", "x"),
    ("AWS_SESSION_TOKEN", f"a\n{SECRET}"),
    ("AWS_REGION", "a b"),
    ("AWS_ENDPOINT_URL", "junk"),
    ("AWS_ENDPOINT", ""),
    ("AWS_SKIP_SIGNATURE", "x"),
]


@pytest.mark.parametrize(("name", "value"), AROUND)
def test_a_bad_variable_is_one_line_that_names_it(name, value, monkeypatch, capfd):
    monkeypatch.setenv(name, value)
    with pytest.raises(StoreError, match=f"^storage option {name}: ") as caught:
        locate("s3://b/x.zarr", {"key": "a", "secret": "b"})
    assert SECRET not in str(caught.value)
    assert capfd.readouterr().err == ""


def test_the_environments_s3_endpoint_is_not_silently_preferred(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:7")
    with pytest.raises(StoreError, match="AWS_ENDPOINT_URL_S3 says something else"):
        locate("s3://b/x.zarr", SOUND)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", SOUND["endpoint"])
    locate("s3://b/x.zarr", SOUND)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("s3://bucket", "is a bucket; give a name in it, such as s3://bucket/sweep.zarr"),
        ("s3://bucket/", "is a bucket; give a name in it"),
        ("https://s3.us-east-1.amazonaws.com/b", "is a bucket; give a name in it"),
        ("s3://", "cannot be used as given"),
        ("s3:/bucket/x.zarr", "a URL begins with s3://"),
        ("http://host/x.zarr", r"a web server is no place for a store; valid are paths, file:///path, and s3://.*endpoint=http"),
        ("https://host/x.zarr", "a web server is no place for a store"),
        ("https://amazonaws.com.example.org/b/x.zarr", "a web server is no place for a store"),
        ("ftp://host/x.zarr", "no kind of store; valid are paths"),
        ("memory:///x.zarr", "no kind of store"),
        (f"s3://user:{SECRET}@b/x.zarr", "keys do not belong in a URL"),
        (f"s3://b/x.zarr?X-Amz-Signature={SECRET}", r"no \? and no #"),
        ("s3://b/../x.zarr", "no empty parts"),
        ("s3://b/%2e%2e/x.zarr", "no empty parts"),
        ("s3://b/a//x.zarr", "no empty parts"),
        ("s3://[::1/x.zarr", "is no URL"),
        ("s3://b:9000/x.zarr", "a bucket has no port; .*endpoint"),
        ("file://[::1/x.zarr", "is no URL"),
        ("file://", "names no file"),
        ("", "is empty; give a path or a URL"),
        (5, "must be a path or a URL"),
        ("a\x1b[2Jb", "no control characters"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("verb", [fastdln.open, fastdln.status, lambda url: fastdln.run(SWEEP, store=url)])
def test_what_is_no_place_is_said_in_one_line(url, said, verb, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreError, match=said) as caught:
        verb(url)
    assert "\n" not in str(caught.value)
    assert SECRET not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_the_command_line_writes_nothing_for_a_bad_option(tmp_path):
    (tmp_path / "small.toml").write_text(FILE)
    for bad in ("nonsense=1", "timeout=soon", "allow_http=perhaps"):
        words = ["run", "small.toml", "-o", "s3://b/x.zarr", "--storage", bad]
        done = commands.fastdln(*words, cwd=tmp_path)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stderr
        assert bad.partition("=")[0] in done.stderr
        assert [p.name for p in tmp_path.iterdir()] == ["small.toml"]


def test_what_is_not_installed_is_named():
    code = (
        "import sys; sys.modules['obstore'] = None\n"
        "from fastdln.storage.location import locate\n"
        "try:\n    locate('s3://b/x.zarr')\nexcept ValueError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "stores by URL need obstore: pip install 'fastdln[cloud]'\n"


def test_a_panic_is_one_line(monkeypatch):
    """A real one: options of the client are none of the store, and obstore says so by a panic."""
    monkeypatch.setattr(connection, "settings", lambda *given: Settings(config={"allow_http": "true"}))
    with pytest.raises(StoreError, match="obstore gave up"):
        locate("s3://b/x.zarr")
    with (
        pytest.raises(StoreError, match=r"x: cannot be read: Expected config prefix"),
        plain_errors("x", "cannot be read"),
    ):
        obstore.store.from_url("s3://b/x", config={"allow_http": "true"})


class Server(BaseHTTPRequestHandler):
    """Answers whatever is asked with what it has been told."""

    answer = 200, b""

    def do_GET(self):
        code, body = self.answer
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_HEAD = do_PUT = do_GET  # noqa: N815  # the library's names

    def log_message(self, *words):
        pass


@pytest.fixture
def server():
    serving = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=serving.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{serving.server_port}"
    serving.shutdown()
    serving.server_close()


def xml(code):
    return f"<?xml version='1.0'?><Error><Code>{code}</Code><AWSAccessKeyId>AKID</AWSAccessKeyId></Error>".encode()


def plot(url, options):

    words = [word for key, value in options.items() for word in ("--storage", f"{key}={value}")]
    done = invoke("plot", url, "phase", *words)
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    raise StoreError(done.stderr.strip())


VERBS = {
    "open": lambda url, options: fastdln.open(url, storage_options=options),
    "status": lambda url, options: fastdln.status(url, storage_options=options),
    "verify": lambda url, options: fastdln.verify(url, storage_options=options),
    "plot": plot,
    "run": lambda url, options: fastdln.run(SWEEP, store=url, storage_options=options),
}


@pytest.mark.parametrize("verb", VERBS)
def test_a_server_that_refuses_is_told_in_one_line(verb, server, endpoint, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for answer, said in [
        ((403, xml("AccessDenied")), r"privileges.*\(AccessDenied\)"),
        ((403, b"<html>no</html>"), "privileges"),
        ((301, b""), "incorrectly configured region"),
        ((400, xml("AuthorizationHeaderMalformed")), "AuthorizationHeaderMalformed"),
        ((500, xml("InternalError")), "InternalError"),
    ]:
        monkeypatch.setattr(Server, "answer", answer)
        with pytest.raises(StoreError, match=f"s3://b/x.zarr: cannot be reached: .*{said}") as caught:
            VERBS[verb]("s3://b/x.zarr", SOUND | {"endpoint": server})
        assert "\n" not in str(caught.value)
        assert "AKID" not in str(caught.value)
    with pytest.raises(StoreError, match=r"s3://no-such-bucket/x\.zarr: there is no such bucket"):
        VERBS[verb]("s3://no-such-bucket/x.zarr", SOUND | {"endpoint": endpoint})
    with pytest.raises(StoreError, match=r"cannot be reached: .*Connection refused"):
        VERBS[verb]("s3://b/x.zarr", SOUND | {"endpoint": "http://127.0.0.1:9"})
    assert not list(tmp_path.iterdir())


def test_who_waits_waits_briefly_for_the_first_answer(monkeypatch):
    brief = connection.connected("s3://b/x.zarr", SOUND, impatient=True)
    assert brief.retry_config["retry_timeout"] <= timedelta(seconds=10)
    assert brief.client_options["timeout"] == "10000ms"
    asked = connection.connected("s3://b/x.zarr", SOUND | {"timeout": 40, "retry_timeout": 50}, impatient=True)
    assert (asked.client_options["timeout"], asked.retry_config["retry_timeout"]) == ("40000ms", timedelta(seconds=50))
    silent = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{silent.getsockname()[1]}"
    monkeypatch.setitem(connection.IMPATIENT_CLIENT, "timeout", "300ms")
    monkeypatch.setitem(connection.IMPATIENT, "max_retries", 0)
    with pytest.raises(StoreError, match=r"cannot be reached: .*no answer in time"):
        fastdln.status("s3://b/x.zarr", storage_options=SOUND | {"endpoint": address})
    silent.close()


def test_workers_wait_as_a_run_does(url, options, monkeypatch):
    place = locate(url, options)
    place.write("x", b"1")
    monkeypatch.setattr(connection, "meet", None)
    monkeypatch.setattr("fastdln.storage.location.bucket.meet", None)
    assert pickle.loads(pickle.dumps(place)).read("x") == b"1"


def test_without_keys_the_line_says_what_to_set(server, monkeypatch):
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", server)
    monkeypatch.setattr(Server, "answer", (404, b""))
    with pytest.raises(StoreError, match=r"cannot be reached|no keys are known"):
        fastdln.status("s3://b/x.zarr", storage_options={"endpoint": server})
    said = str(connection.one_line("s3://b/x", "", OSError("PUT http://169.254.169.254/latest/api/token: no")))
    assert "AWS_ACCESS_KEY_ID" in said
    assert "skip_signature=true" in said


def test_an_object_of_any_size_is_not_read_whole(url, options):
    place = locate(url, options)
    place.write(ROOT, bytes(3_000_000))
    with pytest.raises(StoreError, match=r"zarr\.json has 3,000,000 bytes, more than the 2,999,999"):
        place.read(ROOT, 2_999_999)
    assert place.read(ROOT, 3_000_000) == bytes(3_000_000)
    assert place.read("absent", 1) is None


def test_a_chunk_in_a_bucket_is_no_larger_than_its_values(url, options):
    compute(SWEEP, url, storage_options=options)
    locate(url, options).write("loss/c/0/0/0", bytes(2**26 + 1))
    found = fastdln.verify(url, storage_options=options)
    assert [(damage.variable, damage.chunk) for damage in found.damaged] == [("loss", 0)]
    assert "67,108,865 bytes, more than" in found.damaged[0].reason
    compute(SWEEP, url, storage_options=options)
    assert fastdln.verify(url, storage_options=options).whole


@pytest.mark.parametrize(
    "strange", [{"expires": 1e300}, {"host": "a\x1b[2J"}, {"host": 5}, {"process": []}, {"more": "x" * 10_000}]
)
def test_a_strangers_lock_holds_nobody_up(url, options, strange):
    import time

    sound = {"first": 0, "beyond": 9, "expires": time.time() + 50, "process": 1, "host": "h"}
    place = locate(url, options)
    obstore.put(place.locks, "0-9", json.dumps(sound).encode())
    assert place.in_use()
    obstore.put(place.locks, "0-9", json.dumps(sound | strange).encode())
    assert not place.in_use()


def test_secrets_stay_where_they_were_given(url, endpoint, tmp_path, monkeypatch):
    """Not in the store, the log, the events, a message or a picture of the place."""
    options = SOUND | {"endpoint": endpoint, "token": f"{SECRET}/token", "default_headers": {"x-auth": SECRET}}
    assert SECRET not in repr(locate(url, options))
    (tmp_path / "small.toml").write_text(FILE)
    words = [f"{key}={json.dumps(value) if isinstance(value, dict) else value}" for key, value in options.items()]
    storage = [word for pair in words for word in ("--storage", pair)]

    def typed(*command):
        return commands.fastdln(*command, *storage, cwd=tmp_path)

    done = typed("run", "small.toml", "-o", url, "--log-json")
    assert done.returncode == 0, done.stderr
    refused = typed("status", url + ".not")
    assert refused.returncode == 2
    place = locate(url, options)
    written = b"".join(place.read(key) for key in place.keys("")) + (tmp_path / "out.zarr.log").read_bytes()
    assert SECRET.encode() not in written
    assert SECRET not in done.stdout + done.stderr + refused.stdout + refused.stderr
    monkeypatch.setattr(type(place), "write", lambda *given, **how: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        compute(SWEEP, url + ".new", storage_options=options)
    assert not re.search(SECRET, repr(place))


def test_the_home_folder_has_a_short_name(tmp_path, monkeypatch):
    home, work = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    work.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(work)
    compute(SWEEP, "~/out.zarr")
    assert (home / "out.zarr" / ROOT).exists()
    assert not list(work.iterdir())
    assert fastdln.status("~/out.zarr").points_left == 0
    assert locate("~").path == home
    assert str(locate("file:///~/x").path) == "/~/x"
    assert str(locate("./~").path) == "~"
