"""Changes of personal data: forms, values, faults."""

import strawberry

from domain.changes import WORDS, ChangeCategory, Fault, FaultCode, FieldKind, Form
from gql.schema.scalars import key_field


@strawberry.type(description="One field of a form.")
class DataChangeField:
    """A field."""

    name: str = strawberry.field(description="Its name in `values`.")
    kind: FieldKind = strawberry.field(description="How it is drawn.")
    label: str = strawberry.field(description="What people read beside it, in Russian.")
    label_english: str = strawberry.field(description="The same in English.")
    required: bool = strawberry.field(description="Whether it must be filled in; empty, an optional one is emptied.")
    longest: int = strawberry.field(description="The most characters that it takes.")


@strawberry.type(description="The form of a category.")
class DataChangeForm:
    """A form."""

    category: ChangeCategory = strawberry.field(description="What changes.")
    title: str = strawberry.field(description="What people read above it, in Russian.")
    title_english: str = strawberry.field(description="The same in English.")
    fields: list[DataChangeField] = strawberry.field(description="Its fields, in order.")
    four_eyes: bool = strawberry.field(description="Whether two reviewers must approve.")

    @classmethod
    def of(cls, form: Form) -> "DataChangeForm":
        """Return a form as clients see it."""
        fields = [DataChangeField(**field._asdict()) for field in form.fields]
        return cls(**{**form._asdict(), "fields": fields})


@strawberry.type(description="What is wrong with a field, and what was probably meant.")
class DataChangeFault:
    """A fault."""

    field: str = strawberry.field(description="The field; `values` where the form has no such field.")
    code: FaultCode = strawberry.field(description="What is wrong.")
    words: str = strawberry.field(description="The same for people, in Russian.")
    words_english: str = strawberry.field(description="The same in English.")
    proposal: str | None = strawberry.field(description="What was probably meant.")

    @classmethod
    def of(cls, fault: Fault) -> "DataChangeFault":
        """Return a fault as clients see it."""
        words, english = WORDS[fault.code]
        return cls(field=fault.field, code=fault.code, words=words, words_english=english, proposal=fault.proposal)


@strawberry.type(description="A field and what stands in it.")
class DataValue:
    """A value."""

    field: str = strawberry.field(description="The field's name.")
    value: str | None = strawberry.field(description="What stands in it; null: nothing.")


def told(values: tuple[tuple[str, str | None], ...]) -> list[DataValue]:
    """Return fields and values as clients see them."""
    return [DataValue(field=field, value=value) for field, value in values]


@strawberry.input(description="A field and what shall stand in it.")
class DataValueInput:
    """A value."""

    field: str = strawberry.field(description="The field's name, as the form gives it.")
    value: str | None = strawberry.field(default=None, description="The new value; null: none.")


@strawberry.input(description="What of whose data is to change, and why.")
class SubmitDataChangeInput:
    """A change of data."""

    patient_id: strawberry.ID = strawberry.field(description="Whose data.")
    organization_id: strawberry.ID = strawberry.field(description="The clinic that decides.")
    category: ChangeCategory = strawberry.field(description="What changes: `dataChangeForms` has its form.")
    values: list[DataValueInput] = strawberry.field(description="The form filled in.")
    reason: str = strawberry.field(description="Why, 1 to 4,000 characters.")
    key: str | None = key_field()
