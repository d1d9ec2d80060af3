"""Options, variables and addresses of object stores that are no good: one line each."""

import pytest

import fastdln
from fastdln import StoreError
from fastdln.execution.compute import compute
from fastdln.storage.location import locate
from fastdln.storage.location.protocol import ROOT
from tests import commands
from tests.small import FILE, SWEEP
from tests.storage.location.credentials import SECRET, SOUND

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
