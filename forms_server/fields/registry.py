"""The table of all field types."""

from __future__ import annotations

from collections.abc import Mapping

from forms_server.fields import choices, codes, dates, identity, numbers, text
from forms_server.fields.base import Composite, FieldType, Value
from forms_server.specs.model import FieldSpec

_ALL: tuple[FieldType, ...] = (
    text.Text(), text.LongText(), text.Email(), text.Phone(),
    identity.Iin(), identity.Bin(), identity.ActNumber(), identity.NamePart(),
    identity.Person(), identity.Address(), identity.IdentityDocument(),
    numbers.Integer(), numbers.Hours(), numbers.Centimetres(), numbers.Kilograms(),
    numbers.Percent(), numbers.Money(),
    dates.Date(), dates.Year(), dates.Month(), dates.Period(), dates.Time(),
    codes.Icd10(),
    choices.OneOf(), choices.SomeOf(), choices.YesNo(), choices.Consent(),
    choices.ReferenceItemOf(),
)  # fmt: skip

TYPES: Mapping[str, FieldType] = {type_.name: type_ for type_ in _ALL}
"""Every type by the name that a specification calls it."""

if len(TYPES) != len(_ALL):
    raise RuntimeError("two field types have one name")


def type_of(spec: FieldSpec) -> FieldType:
    return TYPES[spec.type]


def part_specs(spec: FieldSpec) -> tuple[FieldSpec, ...]:
    """The parts of a composite field; of any other field, none."""
    type_ = TYPES[spec.type]
    return tuple(type_.part_specs(spec)) if isinstance(type_, Composite) else ()


def check_parts(spec: FieldSpec, value: Value) -> None:
    """Refuse the parts of a composite that contradict each other."""
    type_ = TYPES[spec.type]
    if isinstance(type_, Composite):
        type_.check(value)
