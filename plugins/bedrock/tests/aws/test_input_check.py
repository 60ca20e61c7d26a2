"""What the check of arguments says yes to, botocore takes and writes in the same bytes."""

import json
import math

import boto3
import pytest
from botocore.serialize import create_serializer
from botocore.validate import ParamValidator
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwire_bedrock.aws.input_check import body_check
from modelwire_bedrock.aws.request_template import compact_json, encode

SESSION = boto3.Session()
SERVICE = SESSION.client(
    "bedrock-runtime",
    region_name="eu-west-1",
    aws_access_key_id="AKIDEXAMPLE",
    aws_secret_access_key="x",
).meta.service_model
OPERATIONS = ("ConverseStream", "Converse", "CountTokens")
MODEL = "us.amazon.nova-micro-v1:0"

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None), max_size=8)
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
ODD = st.one_of(
    JSON,
    st.binary(max_size=4),
    st.tuples(st.text(max_size=3)),
    st.dictionaries(st.integers(), st.text(max_size=2), max_size=2),
    st.builds(bytearray, st.binary(max_size=3)),
    st.just(object()),
    st.decimals(),
)


def values(shape, depth, odd):
    """Arguments for a shape; with `odd`, some that nobody takes are among them."""
    kind = shape.type_name
    least = shape.metadata.get("min", 0)
    if kind == "structure" and shape.is_document_type:
        made = JSON
    elif kind == "structure":
        required = shape.metadata.get("required", [])
        kept = {
            name: values(member, depth - 1, odd)
            for name, member in shape.members.items()
            if depth > 0 or name in required or shape.is_tagged_union
        }
        if shape.is_tagged_union:
            least_deep = list(kept.items())[: None if depth > 0 else 1]
            made = st.one_of([st.fixed_dictionaries({n: v}) for n, v in least_deep])
        else:
            made = st.fixed_dictionaries(
                {name: kept[name] for name in required},
                optional={name: v for name, v in kept.items() if name not in required},
            )
    elif kind == "list":
        made = st.lists(values(shape.member, depth - 1, odd), min_size=least, max_size=least + 2)
    elif kind == "map":
        made = st.dictionaries(
            values(shape.key, depth, False), values(shape.value, depth - 1, odd), max_size=2
        )
    elif kind == "string":
        made = st.text(st.characters(codec=None), min_size=least, max_size=least + 5)
    elif kind in ("integer", "long"):
        made = st.integers(min_value=least)
    elif kind in ("float", "double"):
        made = st.floats(min_value=least) | st.integers(min_value=int(least) + 1, max_value=100)
    elif kind == "boolean":
        made = st.booleans()
    else:
        assert kind == "blob"
        made = st.binary(max_size=4)
    if not odd:
        return made
    return st.integers(0, 30).flatmap(lambda die: ODD if die == 0 else made)


def by_botocore(params, model):
    """The body, or `None` where botocore does not take the arguments."""
    if ParamValidator().validate(params, model.input_shape).has_errors():
        return None
    return create_serializer("rest-json", include_validation=False).serialize_to_request(
        dict(params), model
    )["body"]


@pytest.mark.parametrize("operation", OPERATIONS)
@settings(deadline=None, max_examples=60)
@given(data=st.data(), odd=st.booleans())
def test_what_is_taken_is_what_botocore_takes_and_writes(operation, data, odd):
    model = SERVICE.operation_model(operation)
    check, elsewhere = body_check(model.input_shape)
    assert elsewhere == {"modelId"}
    body = data.draw(values(model.input_shape, 3, odd))
    if isinstance(body, dict):
        body.pop("modelId", None)
    if not check(body):
        return
    expected = by_botocore({"modelId": MODEL, **body}, model)
    assert expected is not None
    assert encode(body).encode() == expected
    assert in_order(compact_json(body)) == in_order(expected)


def in_order(text):
    """What JSON says, with the order of keys and the kinds of numbers."""
    return repr(json.loads(text, object_pairs_hook=list))


def simple(value):
    """Whether a value holds no number that is not finite."""
    if isinstance(value, dict):
        return all(simple(key) and simple(item) for key, item in value.items())
    if isinstance(value, list):
        return all(map(simple, value))
    if isinstance(value, float):
        return math.isfinite(value)
    return True


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_all_that_botocore_takes_is_taken_where_it_is_written_as_it_is(data):
    model = SERVICE.operation_model("ConverseStream")
    check, _ = body_check(model.input_shape)
    body = data.draw(values(model.input_shape, 3, odd=False))
    body.pop("modelId", None)
    accepted = by_botocore({"modelId": MODEL, **body}, model) is not None
    assert check(body) == (accepted and simple(body) and None not in body.values())


@pytest.mark.parametrize(
    ("operation", "why"),
    [
        ("ApplyGuardrail", "members of it are not in the body"),
        ("InvokeModel", "the body is one argument"),
    ],
)
def test_an_operation_with_a_body_of_another_kind_is_known(operation, why):
    checked = body_check(SERVICE.operation_model(operation).input_shape)
    assert (checked is None) == (operation == "InvokeModel"), why
