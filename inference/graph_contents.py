"""What an ONNX file names: operators, functions, and files that hold its weights."""

import hashlib
from dataclasses import dataclass, field

from pitscape.inference.protobuf import DamagedMessageError, Field, fields
from pitscape.models.card import GRAPH_KEY

DEEPEST = 64
"""Graphs within graphs."""

MODEL_IR, MODEL_GRAPH, MODEL_OPERATOR_SETS, MODEL_METADATA, MODEL_TRAINING, MODEL_FUNCTIONS = 1, 7, 8, 14, 20, 25
TRAINING_GRAPHS = (1, 2)
GRAPH_NODE, GRAPH_TENSOR, GRAPH_SPARSE_TENSOR = 1, 5, 15
NODE_OPERATOR, NODE_ATTRIBUTE, NODE_DOMAIN = 4, 5, 7
ATTRIBUTE_TENSORS, ATTRIBUTE_GRAPHS, ATTRIBUTE_SPARSE_TENSORS = (5, 10), (6, 11), (22, 23)
FUNCTION_NAME, FUNCTION_NODE, FUNCTION_DOMAIN, FUNCTION_ATTRIBUTE = 1, 7, 10, 11
SPARSE_TENSOR_PARTS = (1, 2)
TENSOR_EXTERNAL, ENTRY_KEY, ENTRY_VALUE = 13, 1, 2
"""Numbers of fields in onnx.proto (ONNX 1.23, IR version 13)."""


@dataclass
class Contents:
    """What an ONNX file names.

    Attributes:
        operators: Domain and type of every node, those of subgraphs and functions among them.
        functions: Domain and name of the functions that it defines.
        external: Files that hold its weights, as it names them, with offset and length in bytes where it tells them.
        metadata: What else it carries, by key.
        graph_sha256: Of its graph's bytes, where the metadata tell what it was; else "".
    """

    operators: set[tuple[str, str]] = field(default_factory=set)
    functions: set[tuple[str, str]] = field(default_factory=set)
    external: set[tuple[str, int, int]] = field(default_factory=set)
    metadata: dict[str, str] = field(default_factory=dict)
    graph_sha256: str = ""


def contents_of(model: memoryview) -> Contents:
    """What the bytes of an ONNX file name; weights are read only where their hash is wanted.

    Raises:
        DamagedMessageError: If they are no whole file, or lack what each has.
    """
    contents, found, graphs = Contents(), set[int](), list[memoryview]()
    for part in fields(model):
        found.add(part.number)
        if part.number == MODEL_GRAPH:
            _read_graph(part.message, contents, 0)
            graphs.append(part.message)
        elif part.number == MODEL_FUNCTIONS:
            _read_function(part.message, contents)
        elif part.number == MODEL_METADATA:
            contents.metadata.update([_entry(part)])
        elif part.number == MODEL_TRAINING:
            for each in fields(part.message):
                if each.number in TRAINING_GRAPHS:
                    _read_graph(each.message, contents, 0)
    if missing := {MODEL_IR, MODEL_GRAPH, MODEL_OPERATOR_SETS} - found:
        raise DamagedMessageError(f"its field {min(missing)} is missing")
    if GRAPH_KEY in contents.metadata:
        contents.graph_sha256 = _sha256(graphs)
    return contents


def _sha256(parts: list[memoryview]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def _read_graph(graph: memoryview, contents: Contents, depth: int) -> None:
    if depth > DEEPEST:
        raise DamagedMessageError(f"more than {DEEPEST} graphs within one another")
    for part in fields(graph):
        if part.number == GRAPH_NODE:
            _read_node(part.message, contents, depth)
        elif part.number == GRAPH_TENSOR:
            _read_tensor(part.message, contents)
        elif part.number == GRAPH_SPARSE_TENSOR:
            _read_sparse_tensor(part.message, contents)


def _read_node(node: memoryview, contents: Contents, depth: int) -> None:
    operator = domain = ""
    for part in fields(node):
        if part.number == NODE_OPERATOR:
            operator = part.text
        elif part.number == NODE_DOMAIN:
            domain = part.text
        elif part.number == NODE_ATTRIBUTE:
            _read_attribute(part, contents, depth)
    contents.operators.add((domain, operator))


def _read_attribute(attribute: Field, contents: Contents, depth: int) -> None:
    for part in fields(attribute.message):
        if part.number in ATTRIBUTE_TENSORS:
            _read_tensor(part.message, contents)
        elif part.number in ATTRIBUTE_SPARSE_TENSORS:
            _read_sparse_tensor(part.message, contents)
        elif part.number in ATTRIBUTE_GRAPHS:
            _read_graph(part.message, contents, depth + 1)


def _read_function(function: memoryview, contents: Contents) -> None:
    name = domain = ""
    for part in fields(function):
        if part.number == FUNCTION_NAME:
            name = part.text
        elif part.number == FUNCTION_DOMAIN:
            domain = part.text
        elif part.number == FUNCTION_NODE:
            _read_node(part.message, contents, 0)
        elif part.number == FUNCTION_ATTRIBUTE:
            _read_attribute(part, contents, 0)
    contents.functions.add((domain, name))


def _read_sparse_tensor(tensor: memoryview, contents: Contents) -> None:
    for part in fields(tensor):
        if part.number in SPARSE_TENSOR_PARTS:
            _read_tensor(part.message, contents)


def _read_tensor(tensor: memoryview, contents: Contents) -> None:
    entries = dict(_entry(part) for part in fields(tensor) if part.number == TENSOR_EXTERNAL)
    if entries:
        offset, length = (entries.get(key, "0") for key in ("offset", "length"))
        if not (offset.isdecimal() and length.isdecimal()):
            raise DamagedMessageError("external weights have no valid offset or length")
        contents.external.add((entries.get("location", ""), int(offset), int(length)))


def _entry(pair: Field) -> tuple[str, str]:
    texts = {part.number: part.text for part in fields(pair.message)}
    return texts.get(ENTRY_KEY, ""), texts.get(ENTRY_VALUE, "")
