"""Docstrings of public names: their parameters against the signatures, by numpydoc's rules, and their examples."""

import doctest
import importlib
import inspect

import pytest
from numpydoc.docscrape import get_doc_object
from numpydoc.validate import validate

ROOMS = ["fastdln", "fastdln.analysis", "fastdln.plots", "fastdln.theory"]

# Rooms whose docstrings are not numpydoc yet.
# numpydoc's codes; those left out ask for verbs at the beginning and for sections that not every function needs.
CHECKS = {
    *("GL03", "GL06", "GL07", "GL08"),  # blank lines; names and order of sections; no docstring
    *("SS01", "SS02", "SS03", "SS04", "SS06"),  # the summary: there, a capital, a period, no heading space, one line
    *("PR01", "PR02", "PR03"),  # parameters: missing, unknown, in another order than the signature's
    *("PR04", "PR05", "PR06", "PR07", "PR08", "PR09", "PR10"),  # their types and descriptions
    *("RT01", "RT02", "RT03", "RT04", "RT05", "YD01"),  # what is returned or yielded
}


def public_objects():
    """Every public function and class, and the classes' own public methods, by name."""
    for room in ROOMS:
        module = importlib.import_module(room)
        for name in module.__all__:
            found = getattr(module, name)
            if inspect.isclass(found) and issubclass(found, Exception):
                continue  # made of a message
            if inspect.isfunction(found) or inspect.isclass(found):
                yield f"{room}.{name}", found
            if inspect.isclass(found):
                methods = (one for one in vars(found) if not one.startswith("_"))
                yield from (
                    (f"{room}.{name}.{one}", getattr(found, one)) for one in methods if callable(getattr(found, one))
                )


PUBLIC = dict(public_objects())


@pytest.mark.parametrize("name", PUBLIC)
def test_docstrings_follow_the_signatures(name):
    errors = validate(get_doc_object(PUBLIC[name]))["errors"]
    assert not [f"{code}: {text}" for code, text in errors if code in CHECKS]


@pytest.mark.parametrize("name", PUBLIC)
def test_examples_are_right(name):
    found = PUBLIC[name]
    globs = dict(vars(inspect.getmodule(found)))
    for test in doctest.DocTestFinder(recurse=False).find(found, name, globs=globs):
        result = doctest.DocTestRunner(verbose=False).run(test)
        assert not result.failed, name
