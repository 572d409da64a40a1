"""What /openapi.json and /docs say is what the interface does."""

import html
import json
import re

import pytest

from dim_tf.config import ReadingConfig, ServingConfig, WritingConfig
from dim_tf.config.fields import settings_fields
from dim_tf.page.documentation import documentation
from dim_tf.page.forms import MATTE_FORM
from dim_tf.page.openapi import description
from dim_tf.page.options import MATTE_OPTIONS
from dim_tf.page.refusals import REASONS, in_http
from tests.page.asking import MASK_FILE, SERVED

pytestmark = pytest.mark.xdist_group("page")
DESCRIBED = description(ServingConfig())
MATTE = DESCRIBED["paths"]["/api/matte"]["post"]


def parts_of(described):
    """Every object in it."""
    if isinstance(described, dict):
        yield described
        described = described.values()
    if isinstance(described, list | type({}.values())):
        for part in described:
            yield from parts_of(part)


def test_it_is_openapi(client):
    validator = pytest.importorskip("openapi_spec_validator")
    validator.validate(client.get("/openapi.json").json())


def test_its_parts_are_there(client):
    served = client.get("/openapi.json").json()
    assert served == json.loads(json.dumps(description(SERVED)))
    assert served["paths"].keys() == DESCRIBED["paths"].keys()
    assert DESCRIBED["openapi"].startswith("3.1.")
    schemas = DESCRIBED["components"]["schemas"]
    for part in parts_of(DESCRIBED):
        if "$ref" in part:
            assert part["$ref"].removeprefix("#/components/schemas/") in schemas
    operations = [operation for path in DESCRIBED["paths"].values() for operation in path.values()]
    assert len({operation["operationId"] for operation in operations}) == len(operations) == 4
    assert all(operation["responses"]["200"]["description"] for operation in operations)


def test_every_route_is_described(page_with):
    routes = {
        (route.path, method.lower())
        for route in page_with().application._app.routes
        for method in route.methods - {"HEAD"}
        if route.path.startswith("/api/")
    }
    assert routes == {
        (path, method) for path, methods in DESCRIBED["paths"].items() for method in methods
    }


def test_parameters_have_the_words_of_the_settings():
    helps = {setting.name: setting.help for setting in settings_fields(ReadingConfig)}
    helps |= {one.name: one.help for one in settings_fields(WritingConfig) if one.name == "bits"}
    told = {parameter["name"]: parameter for parameter in MATTE["parameters"]}
    assert list(told) == [option.name for option in MATTE_OPTIONS]
    for name in told.keys() & helps.keys():
        assert told[name]["description"] == in_http(helps[name])
    assert told["bits"]["schema"] == {"type": "string", "enum": ["8", "16"], "default": "8"}
    number, word = told["trimap_kernel"]["schema"]["anyOf"]
    assert number == {"type": "integer", "minimum": 1, "maximum": 10_000}
    assert word == {"type": "string", "enum": ["auto"]}
    form = MATTE["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert list(form["properties"]) == list(MATTE_FORM) and form["required"] == ["photo"]
    assert [only["required"] for only in form["oneOf"]] == [["mask"], ["trimap"], ["rectangle"]]


def test_every_reason_is_described():
    told = " ".join(
        answer["description"]
        for path in DESCRIBED["paths"].values()
        for operation in path.values()
        for answer in operation["responses"].values()
    )
    # What is said of addresses and methods that are not described.
    assert [code for code in REASONS if f"{code}: " not in told] == ["method_not_allowed"]


def test_enumerated_values_are_accepted_and_others_are_not(client, ask):
    for parameter in MATTE["parameters"]:
        for value in parameter["schema"].get("enum", ()):
            background = "white" if value == "composite" else None
            query = f"{parameter['name']}={value}"
            ask(f"/api/matte?{query}", mask=MASK_FILE, background=background)
            ask(f"/api/matte?{query}x", 400, mask=MASK_FILE)


def test_the_status_and_its_schema(client):
    status = client.get("/api/status").json()
    schema = DESCRIBED["components"]["schemas"]["Status"]
    assert list(status) == schema["required"]
    assert list(status["limits"]) == schema["properties"]["limits"]["required"]
    assert status["limits"] == {
        **{"upload_bytes": 1_000_000, "megapixels": 1.0},
        **{"queue": 3, "seconds": ServingConfig.seconds},
    }
    assert client.get("/api/status?x=1").status_code == 400


def test_the_page_to_read_has_all_of_it(client):
    page = client.get("/docs")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    text = html.unescape(page.text)
    for path in DESCRIBED["paths"]:
        assert f" {path}</code>" in text
    for option in MATTE_OPTIONS:
        assert f"<code>{option.name}</code>" in text
        assert re.sub("`(.*?)`", r"<code>\1</code>", in_http(option.help)) in text
    for code in REASONS.keys() - {"method_not_allowed"}:
        assert code in text
    assert len(re.findall("<table>", text)) == len(re.findall("</table>", text)) == 9


def test_what_is_put_into_the_page_is_text():
    described = description(ServingConfig())
    described["info"]["description"] = "<script>"
    described["paths"]["/api/matte"]["post"]["parameters"][0]["description"] = "<script>"
    assert "<script>" not in documentation(described)
