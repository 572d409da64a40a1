"""Benchmarks are run by hand, seldom: what they call of dim_tf takes what they give."""

import ast
import importlib
import inspect
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


def imported_from_dim_tf(tree):
    """Name in a module → what of dim_tf it stands for."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module.partition(".")[0] == "dim_tf":
            module = importlib.import_module(node.module)
            for alias in node.names:
                if not hasattr(module, alias.name):
                    importlib.import_module(f"{node.module}.{alias.name}")
                found[alias.asname or alias.name] = getattr(module, alias.name)
    return found


def wrong_calls(source):
    """What in a module's text calls something of dim_tf with arguments that it does not take."""
    tree = ast.parse(source)
    names = imported_from_dim_tf(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        if isinstance(called, ast.Name) and called.id in names:
            called = names[called.id]
        elif isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name):
            called = getattr(names.get(called.value.id), called.attr, None)
        keywords = {keyword.arg: keyword for keyword in node.keywords}
        has_stars = None in keywords or any(isinstance(one, ast.Starred) for one in node.args)
        if has_stars or not callable(called):
            continue
        try:
            inspect.signature(called).bind(*node.args, **keywords)
        except TypeError as error:
            yield f"line {node.lineno}: {error}"


@pytest.mark.parametrize("name", sorted(path.name for path in BENCHMARKS.glob("*.py")))
def test_calls_fit_their_signatures(name):
    assert list(wrong_calls((BENCHMARKS / name).read_text(encoding="utf-8"))) == []


def test_a_call_that_does_not_fit_is_seen():
    assert list(wrong_calls("from dim_tf.ablations.measuring import measure\nmeasure(1, 2, 3)"))
    assert list(wrong_calls("from dim_tf.matting import tiles\ntiles.plan_tiles()"))
    assert not list(wrong_calls("from dim_tf.ablations.measuring import measure\nmeasure(1, 2)"))
