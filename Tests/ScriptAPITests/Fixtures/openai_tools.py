"""Holds tools against the types of the official `openai` package, and their schemas against JSON Schema.

    python3 openai_tools.py TOOLS.json

TOOLS.json is a list of { "name", "description", "parameters" }. The last line of the output is a JSON object: how many
`tools` there were, how many `checks` each one passed, and the `refused` ones by name with the reason.
"""

import json
import sys
from typing import Annotated, Any, Dict, List, Literal, Optional, Union

import openai
from openai.types.chat import ChatCompletionFunctionToolParam
from openai.types.realtime import (
    RealtimeFunctionTool,
    RealtimeFunctionToolParam,
    RealtimeSessionCreateRequestParam,
    RealtimeToolsConfigParam,
    SessionUpdateEventParam,
)
from openai.types.responses import FunctionTool, FunctionToolParam
from openai.types.shared import FunctionDefinition
from openai.types.shared_params import FunctionDefinition as FunctionDefinitionParam
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr, TypeAdapter, model_validator

Kind = Literal["null", "boolean", "integer", "number", "string", "array", "object"]


class Schema(BaseModel):
    """The keywords of JSON Schema (draft 2020-12) that the host writes, and no others."""

    model_config = ConfigDict(extra="forbid")

    type: Optional[Kind] = None
    description: Optional[StrictStr] = None
    enum: Optional[Annotated[List[Any], Field(min_length=1)]] = None
    anyOf: Optional[Annotated[List["Schema"], Field(min_length=2)]] = None
    properties: Optional[Dict[StrictStr, "Schema"]] = None
    required: Optional[List[StrictStr]] = None
    additionalProperties: Optional[Union[StrictBool, "Schema"]] = None
    items: Optional["Schema"] = None
    prefixItems: Optional[Annotated[List["Schema"], Field(min_length=1)]] = None
    minItems: Optional[Annotated[StrictInt, Field(ge=0)]] = None
    maxItems: Optional[Annotated[StrictInt, Field(ge=0)]] = None

    @model_validator(mode="after")
    def is_consistent(self) -> "Schema":
        python = {"string": str, "integer": int, "number": (int, float), "boolean": bool}
        if self.enum is not None:
            assert self.type in python, "an enum has a type"
            assert all(isinstance(value, python[self.type]) for value in self.enum), "the values are of the enum's type"
            assert len({json.dumps(value) for value in self.enum}) == len(self.enum), "the values differ"
        assert set(self.required or []) <= set(self.properties or {}), "what is required is a property"
        assert len(set(self.required or [])) == len(self.required or []), "nothing is required twice"
        assert (self.properties is None) == (self.required is None), "properties and required go together"
        assert self.properties is None or self.type == "object", "only objects have properties"
        assert (self.type == "array") == (self.items is not None), "an array says what its items are"
        if self.prefixItems is not None:
            assert self.minItems == self.maxItems == len(self.prefixItems), "a tuple has one length"
        return self


class Parameters(Schema):
    type: Literal["object"]
    properties: Dict[StrictStr, Schema]
    required: List[StrictStr]
    additionalProperties: Literal[False]


def same(model: BaseModel, given: Any) -> None:
    assert model.parameters == given, f"{type(model).__name__} changed the schema"


def checks(tool: Dict[str, Any]):
    """One callable for each of the package's types that a tool passes through, and for its schema."""
    flat = {"type": "function", **tool}
    nested = {"type": "function", "function": tool}
    session = {"type": "realtime", "instructions": "Be brief.", "tools": [flat]}
    yield lambda: TypeAdapter(RealtimeFunctionToolParam).validate_python(flat, strict=True)
    yield lambda: TypeAdapter(RealtimeToolsConfigParam).validate_python([flat], strict=True)
    yield lambda: TypeAdapter(RealtimeSessionCreateRequestParam).validate_python(session, strict=True)
    yield lambda: TypeAdapter(SessionUpdateEventParam).validate_python(
        {"type": "session.update", "session": session}, strict=True
    )
    yield lambda: same(RealtimeFunctionTool.model_validate(flat, strict=True), tool["parameters"])
    yield lambda: TypeAdapter(FunctionToolParam).validate_python({**flat, "strict": False}, strict=True)
    yield lambda: same(FunctionTool.model_validate(flat, strict=True), tool["parameters"])
    yield lambda: TypeAdapter(ChatCompletionFunctionToolParam).validate_python(nested, strict=True)
    yield lambda: TypeAdapter(FunctionDefinitionParam).validate_python(tool, strict=True)
    yield lambda: same(FunctionDefinition.model_validate(tool, strict=True), tool["parameters"])
    yield lambda: Parameters.model_validate(tool["parameters"])


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        tools = json.load(file)
    refused: Dict[str, str] = {}
    passed = 0
    for tool in tools:
        for check in checks(tool):
            try:
                check()
                passed += 1
            except Exception as error:  # The reason is the result.
                refused[tool["name"]] = f"{type(error).__name__}: {error}"
                break
    print(f"openai {openai.__version__}")
    print(json.dumps({"tools": len(tools), "checks": passed, "refused": refused}))


main()
