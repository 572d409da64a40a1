"""Documents that there are in English only: what they tell to type works, links lead somewhere.

`test_command_page.py`, `test_docs_exports.py` and `library/test_document.py` run three more.
"""

import re

import pytest

from tests.documents import (
    ROOT,
    as_parameters,
    commands_beside_readme,
    read_document,
    run_command,
    scripts_among,
    write_small_files,
)

RUN_HERE = ["docs/photos.md", "docs/training.md", "docs/fidelity.md", "docs/cutouts.md"]
COMMANDS = commands_beside_readme(RUN_HERE)
DOCUMENTS = [str(path.relative_to(ROOT)) for path in sorted((ROOT / "docs").glob("*.md"))]


def test_all_commands_are_run():
    assert scripts_among(COMMANDS) == COMMANDS
    assert len(COMMANDS) > 15


@pytest.mark.parametrize("name", [*DOCUMENTS, "CONTRIBUTING.md", "benchmarks/README.md"])
def test_links_lead_somewhere(name):
    document = ROOT / name
    for link in re.findall(r"\]\(([^)#\s]+)", re.sub(r"`[^`]*`", "", read_document(name))):
        assert "://" in link or (document.parent / link).exists(), f"{name} leads to {link}"


@pytest.mark.parametrize("name", [name for name in DOCUMENTS if not name.endswith(".zh.md")])
def test_the_readme_leads_to_every_document(name):
    assert f"]({name})" in read_document("README.md")


@pytest.mark.slow
@pytest.mark.document
@pytest.mark.parametrize("command", as_parameters(COMMANDS))
def test_command(command, tmp_path):
    write_small_files(tmp_path)
    run_command(command, tmp_path)
