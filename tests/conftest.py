"""Shared pieces of the tests."""

import logging
import os
import sys

import pytest
from hypothesis import settings

from fastdln import Sweep, run
from fastdln.models import MODELS
from fastdln.observables import MATRIX_OBSERVABLES, OBSERVABLES
from fastdln.sweep.extensions import own_code
from tests.small import EVERYTHING

# How long an example takes depends on what else the machine does; it is not what is tested.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(autouse=True)
def nothing_stays_registered():
    """What a test or a page of the docs registers is unknown to the next test of the process."""
    known = [(names, dict(names)) for names in (OBSERVABLES, MATRIX_OBSERVABLES, MODELS)]
    yield
    for names, before in known:
        names.clear()
        names.update(before)
    for name in [name for name in sys.modules if name.startswith(own_code.LOADED)]:
        del sys.modules[name]


@pytest.fixture
def everything():
    """All observables, so that most tests share one compiled kernel a depth."""
    return list(EVERYTHING)


@pytest.fixture
def quick():
    """Runs a sweep in memory, past the plateau warning, with defaults small enough for tests."""

    def quick_run(model="modes", *, axes, s=(1.0,), **keys):
        keys = {"steps": 300, "record": 64, "observables": EVERYTHING, "orbit_samples": 64} | keys
        return run(Sweep(model=model, axes=axes, target={"singular_values": list(s)}, **keys))

    return quick_run


@pytest.fixture(scope="session")
def endpoint():
    """The address of an S3 server."""
    moto = pytest.importorskip("moto.server")
    pytest.importorskip("boto3")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def options(endpoint):
    """As s3fs spells them."""
    return {"key": "a", "secret": "b", "endpoint_url": endpoint, "client_kwargs": {"region_name": "us-east-1"}}


@pytest.fixture
def url(endpoint, request):
    """A place for a store, in a bucket of the test's own."""
    import boto3

    name = "".join(c if c.isalnum() else "-" for c in request.node.name.lower())[:50].strip("-")
    words = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": "us-east-1"}
    boto3.client("s3", endpoint_url=endpoint, **words).create_bucket(Bucket=name)
    return f"s3://{name}/deep/out.zarr"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config):
    """One more than cores: many tests wait for processes of their own."""
    return (os.cpu_count() or 1) + 1


# What takes minutes begins first, or one process ends long after the others.
LONGEST = ("test_random_changes", "test_torture_runs_tiny", "test_benchmarks_run_tiny")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.name not in LONGEST)
