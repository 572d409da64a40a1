"""The interface in OpenAPI's words, made of the settings, the forms and the reasons of refusals."""

import typing
from typing import Any

from dim_tf import __version__
from dim_tf.config import ServingConfig
from dim_tf.config.fields import choices_of, is_union
from dim_tf.page.answers import NOTES_HEADER
from dim_tf.page.forms import MATTE_FORM, PHOTO_FORM, SAYS_WHERE, Field
from dim_tf.page.options import MATTE_OPTIONS, PHOTO_OPTIONS, REQUEST_ID, Option
from dim_tf.page.refusals import REASONS, in_http

# Which statuses a request without pictures may get, and one with them.
_ALWAYS, _WITH_PICTURES = (400, 403), (400, 403, 413, 415, 422, 429, 500, 503)
_BOUNDS = {"at least": "minimum", "above": "exclusiveMinimum", "at most": "maximum"}
_NUMBER = {"type": "integer", "minimum": 0}


def description(serving: ServingConfig) -> dict[str, Any]:
    """The whole, as it goes out as JSON.

    Args:
        serving: says the limits.
    """
    limits = (
        f"At most {serving.queue} requests at once, {serving.upload_megabytes:g} megabytes an "
        f"upload, {serving.max_input_megapixels:g} megapixels a picture and {serving.seconds:g} "
        "seconds of work."
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "dim-tf page",
            "version": __version__,
            "summary": "Photo and rough mask in, clean matte out.",
            "description": f"{limits} A request ends when its connection is closed.",
        },
        "paths": {
            "/api/matte": {
                "post": _pictures(
                    "matte",
                    "The matte of a photo, or its cut-out, trimap or composite",
                    MATTE_OPTIONS,
                    MATTE_FORM,
                )
            },
            "/api/photo": {
                "post": _pictures(
                    "photo",
                    "A photo as it is seen: turned by EXIF, on white, sRGB of 8 bits",
                    PHOTO_OPTIONS,
                    PHOTO_FORM,
                )
            },
            "/api/requests/{id}": {
                "get": {
                    "operationId": "request",
                    "summary": "How far a request is that is not answered yet",
                    "parameters": [
                        {
                            "name": "id",
                            "in": "path",
                            "required": True,
                            "description": "what it was sent with as request",
                            "schema": {"type": "string"},
                        }
                    ],
                    "responses": _json_answer("RequestState") | _refusals(*_ALWAYS, 404),
                }
            },
            "/api/status": {
                "get": {
                    "operationId": "status",
                    "summary": "Whether the network is loaded, who waits, and the limits",
                    "responses": _json_answer("Status") | _refusals(*_ALWAYS),
                }
            },
        },
        "components": {"schemas": _schemas()},
    }


def _pictures(
    name: str, summary: str, options: list[Option], form: dict[str, Field]
) -> dict[str, Any]:
    """An address that takes pictures and answers with one."""
    one_of = [{"required": [field]} for field in form if field in SAYS_WHERE]
    schema = {
        "type": "object",
        "properties": {field: _field(form[field]) for field in form},
        "required": ["photo"],
        "additionalProperties": False,
    } | ({"oneOf": one_of} if one_of else {})
    picture = {
        "description": "The picture.",
        "headers": {
            NOTES_HEADER: {
                "description": "What was repaired or assumed: a JSON list of sentences, "
                "percent-encoded.",
                "schema": {"type": "string"},
            }
        },
        "content": {"image/png": {"schema": {"type": "string", "format": "binary"}}},
    }
    return {
        "operationId": name,
        "summary": summary,
        "parameters": [_parameter(option) for option in options],
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}},
        "responses": {"200": picture} | _refusals(*_WITH_PICTURES),
    }


def _field(field: Field) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string", "description": field.help}
    return schema | ({"format": "binary"} if field.is_file else {})


def _parameter(option: Option) -> dict[str, Any]:
    schema = _schema(option)
    if option.name == "request":
        schema = {"type": "string", "pattern": f"^{REQUEST_ID.pattern}$"}
    parameter = {
        "name": option.name,
        "in": "query",
        "required": False,
        "description": in_http(option.help),
        "schema": schema,
    }
    # A list is written with commas.
    return parameter | ({"explode": False} if schema.get("type") == "array" else {})


def _schema(option: Option) -> dict[str, Any]:
    hint = option.hint
    if typing.get_origin(hint) is tuple:
        return {"type": "array", "items": {"type": "string"}}
    default = {"default": option.default} if option.default else {}
    if choices_of(hint):
        return {"type": "string", "enum": list(choices_of(hint) or ())} | default
    if is_union(hint):
        words = [word for member in typing.get_args(hint) for word in choices_of(member) or ()]
        bounds = {
            _BOUNDS[name]: bound for name, bound in option.bounds.items() if bound is not None
        }
        number = {"type": "integer"} | bounds
        return {"anyOf": [number, {"type": "string", "enum": words}]} | default
    return {"type": "string"} | default


def _refusals(*statuses: int) -> dict[str, Any]:
    """The answers of these statuses, with the words that tell their reasons apart."""
    answers = {}
    for status in statuses:
        reasons = {code: reason for code, reason in REASONS.items() if reason.status == status}
        told = "; ".join(f"{code}: {reason.means}" for code, reason in reasons.items())
        answers[str(status)] = {
            "description": f"{told}.",
            "content": {"application/json": {"schema": _reference("Refusal")}},
        }
    return answers


def _json_answer(schema: str) -> dict[str, Any]:
    content = {"application/json": {"schema": _reference(schema)}}
    return {"200": {"description": "What was asked.", "content": content}}


def _reference(schema: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{schema}"}


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _words(*words: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(words)}


def _schemas() -> dict[str, Any]:
    sentence = {"type": "string", "minLength": 1}
    return {
        "Refusal": _object(
            error={"description": "What is wrong."} | sentence,
            what_to_do={"description": "What to do."} | sentence,
            code={"description": "The same for programs."} | _words(*REASONS),
        ),
        "RequestState": _object(
            state=_words("waiting", "working"),
            place={"description": "How many come before it."} | _NUMBER,
            step=_words("reading", "loading", "network", "colours", "cutout", "writing"),
            done={"description": "How much of the step is done."} | _NUMBER,
            of={"description": "Of how much."} | _NUMBER,
        ),
        "Status": _object(
            version={"type": "string"},
            model=_words("loading", "ready", "failed"),
            waiting={"description": "Requests that are not worked on yet."} | _NUMBER,
            limits=_object(
                upload_bytes=_NUMBER,
                megapixels={"type": "number"},
                queue=_NUMBER,
                seconds={"type": "number"},
            ),
            extra_kinds={"type": "array", "items": {"type": "string"}},
        ),
    }
