"""Servers that refuse or say nothing: one line, within bounded time."""

import pickle
import socket
import subprocess
import sys
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import obstore
import pytest

import fastdln
from fastdln import StoreError
from fastdln.storage.location import connection, locate, plain_errors
from fastdln.storage.location.option_names import Settings
from tests.commands import invoke
from tests.small import SWEEP
from tests.storage.location.credentials import SOUND


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
