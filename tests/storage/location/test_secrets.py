"""Keys stay where they were given."""

import json
import re

import pytest

from fastdln.execution.compute import compute
from fastdln.storage.location import locate
from tests import commands
from tests.small import FILE, SWEEP
from tests.storage.location.credentials import SECRET, SOUND


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
