"""The house, not Keras: imports between the rooms of dim_tf point one way, downwards."""

import ast
import re
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parents[1] / "dim_tf"
# CONTRIBUTING.md draws it. Rooms of one floor do not know each other.
FLOORS = (
    ("commands", "library"),
    ("ablations", "page"),
    ("training",),
    ("evaluation",),
    ("matting",),
    ("exports",),
    ("examples", "model"),
    ("dataset",),
    ("synthetic", "trimaps"),
    ("pictures",),
    ("config",),
    ("system",),
)
# Whole configs of commands. Below, a function takes the part or the values that it needs.
WHOLE_CONFIG = re.compile(r"\b(?:Ablation|Export|HeldOut|Inference|Offline|Page|Training)Config\b")
FLOOR_OF = {room: number for number, floor in enumerate(FLOORS) for room in floor}


def imported_rooms(source):
    """The rooms of dim_tf that a module's text imports from, wherever the import stands."""
    for node in ast.walk(ast.parse(source)):
        names = []
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports name the whole path"
            names = [node.module] + [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            package, _, rest = name.partition(".")
            if package == "dim_tf" and rest.partition(".")[0] in FLOOR_OF:
                yield rest.partition(".")[0]


def upward_imports(room, source):
    allowed = {other for other, floor in FLOOR_OF.items() if floor > FLOOR_OF[room]} | {room}
    return sorted(set(imported_rooms(source)) - allowed)


def whole_configs_in(source):
    return sorted(set(WHOLE_CONFIG.findall(source)))


def test_every_room_has_a_floor():
    assert {path.parent.name for path in HOUSE.glob("*/__init__.py")} == set(FLOOR_OF)
    # The package, and the way in for python -m dim_tf.
    assert sorted(path.name for path in HOUSE.glob("*.py")) == ["__init__.py", "__main__.py"]


@pytest.mark.parametrize("room", sorted(FLOOR_OF))
def test_imports_point_downwards(room):
    for path in sorted((HOUSE / room).rglob("*.py")):
        upward = upward_imports(room, path.read_text(encoding="utf-8"))
        assert not upward, f"{path.relative_to(HOUSE)} imports from {', '.join(upward)}"


def test_an_import_upwards_or_to_the_same_floor_is_seen():
    assert upward_imports("pictures", "def read():\n    from dim_tf.trimaps import grabcut") == [
        "trimaps"
    ]
    assert upward_imports("model", "import dim_tf.examples.pipeline") == ["examples"]
    assert upward_imports("system", "from dim_tf import config") == ["config"]
    assert upward_imports("matting", "from dim_tf.model.weights import load_network") == []


@pytest.mark.parametrize("room", sorted(FLOOR_OF.keys() - {"commands", "ablations", "config"}))
def test_whole_configs_are_known_to_commands_only(room):
    for path in sorted((HOUSE / room).rglob("*.py")):
        known = whole_configs_in(path.read_text(encoding="utf-8"))
        assert not known, f"{path.relative_to(HOUSE)} knows {', '.join(known)}"


def test_a_whole_config_is_seen():
    assert whole_configs_in("def train(config: TrainingConfig): ...") == ["TrainingConfig"]
    assert whole_configs_in("from dim_tf.config import RunConfig, OfflineConfig") == [
        "OfflineConfig"
    ]
    assert whole_configs_in("def train(run: RunConfig): ...") == []
    config = (HOUSE / "config" / "__init__.py").read_text(encoding="utf-8")
    assert len(whole_configs_in(config)) == 7


def test_contributing_draws_the_same_house():
    drawn = (HOUSE.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for room in FLOOR_OF:
        assert f"`dim_tf/{room}/`" in drawn
