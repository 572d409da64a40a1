import contextlib

import pytest

from tests.page.in_node import node  # noqa: F401, a fixture

# Without the packages of the extra `page` each module that asks for them skips by itself.
with contextlib.suppress(pytest.skip.Exception):
    from tests.page.asking import ask, client, page_with, served, worker  # noqa: F401, fixtures
