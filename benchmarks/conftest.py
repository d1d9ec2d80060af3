"""The benchmarks' one option: full size, or tiny, to see that they still run."""

import pytest


def pytest_addoption(parser):
    parser.addoption("--size", choices=("full", "tiny"), default="full", help="tiny: only see that they run")


@pytest.fixture
def size(request):
    return request.config.getoption("--size")
