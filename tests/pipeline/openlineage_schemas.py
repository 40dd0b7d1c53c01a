"""JSON schemas of OpenLineage, as the installed client knows them, with every ``$ref`` at hand: no network is used.

The client's wheel ships no schema files, but the classes that are generated from them: names, types, what is required, and the URL of the
schema that each is of. Here they become JSON schemas again, under those URLs; what they do not name is refused, which the official schemas
would let pass. Our own facets are added from ``pipelines/lineage/facets.json``.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import types
import typing
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import attr
import openlineage.client.generated as generated
from jsonschema import Draft202012Validator
from openlineage.client.event_v2 import RunEvent
from openlineage.client.generated import base
from referencing import Registry, Resource

import pipelines.lineage.facets as ours

OWN = json.loads(Path(ours.__file__).with_suffix(".json").read_text(encoding="utf-8"))
_SIMPLE = {str: "string", int: "integer", float: "number", bool: "boolean"}
_FACETS = (base.RunFacet, base.JobFacet, base.DatasetFacet, base.InputDatasetFacet, base.OutputDatasetFacet)


def _classes() -> Iterator[type]:
    for module in pkgutil.iter_modules(generated.__path__, f"{generated.__name__}."):
        loaded = importlib.import_module(module.name)
        yield from (c for c in vars(loaded).values() if isinstance(c, type) and attr.has(c) and c.__module__ == loaded.__name__)


def _url(cls: Any) -> str:
    """The URL of a class's schema; a class inside a facet has none and is named after its module."""
    own = vars(cls).get("_get_schema")
    return own.__func__() if own is not None else f"urn:nested:{cls.__module__}#/$defs/{cls.__name__}"


def _schema_of(cls: Any) -> dict[str, Any]:
    hints = typing.get_type_hints(cls)
    fields = attr.fields(cls)
    properties = {field.name: _type(hints.get(field.name, hints.get(f"_{field.name}", Any))) for field in fields}
    required = [field.name for field in fields if field.default is attr.NOTHING]
    if "_schemaURL" in properties:
        properties["_schemaURL"] = {"const": _url(cls)}
        required += ["_producer", "_schemaURL"]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _type(hint: Any) -> dict[str, Any]:
    if hint in _SIMPLE:
        return {"type": _SIMPLE[hint]}
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return {"anyOf": [_type(one) for one in inner if one is not type(None)]}  # the client leaves a null out
    if origin is list:
        return {"type": "array", "items": _type(inner[0])}
    if origin is dict:
        return {"type": "object", "additionalProperties": _type(inner[1])}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"enum": [member.value for member in hint]}
    if hint in _FACETS:  # each is held against its own schema (``faults``)
        return {"type": "object", "required": ["_producer", "_schemaURL"]}
    return {"$ref": _url(hint)} if isinstance(hint, type) and attr.has(hint) else {}


def _registry() -> Registry[Any]:
    documents: dict[str, dict[str, Any]] = {OWN["$id"]: OWN}
    for cls in _classes():
        document, _, name = _url(cls).partition("#/$defs/")
        resource = documents.setdefault(document, {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": document, "$defs": {}})
        resource["$defs"][name] = _schema_of(cls)
    return Registry().with_resources((url, Resource.from_contents(document)) for url, document in documents.items())


REGISTRY = _registry()


def validator(url: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": url}, registry=REGISTRY)


_EVENT = validator(_url(RunEvent))


def facets(event: Any) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """What carries a facet, its key, and the facet."""
    carriers = [
        ("run", event["run"]),
        ("job", event["job"]),
        *(("input", d) for d in event["inputs"]),
        *(("output", d) for d in event["outputs"]),
    ]
    for kind, carrier in carriers:
        for side in ("facets", "inputFacets", "outputFacets"):
            yield from ((f"{kind} {side}", key, facet) for key, facet in carrier.get(side, {}).items())


def faults(event: Any) -> list[str]:
    """What is wrong with an event: its form, then every facet by the schema that it names, and where it stands."""
    found = [f"{error.json_path}: {error.message}" for error in _EVENT.iter_errors(event)]
    for where, key, facet in facets(event):
        found += [f"{where} {key}: {error.json_path} {error.message}" for error in validator(facet["_schemaURL"]).iter_errors(facet)]
        suffix = {"run facets": "RunFacet", "job facets": "JobFacet", "input inputFacets": "DatasetFacet"}.get(where, "DatasetFacet")
        if not facet["_schemaURL"].endswith(suffix):
            found.append(f"{where} {key}: {facet['_schemaURL']} is no {suffix}")
    return found
