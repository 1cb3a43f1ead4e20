"""Registration: personal data, scans of documents, and what is wrong with them."""

from datetime import date, datetime

import strawberry

import gql.schema.enums  # noqa: F401 - the enums are made before the types that use them
from domain.codes import Channel
from domain.identifiers import IdentifierKind, mask
from domain.patients import Sex
from domain.registration import NEEDS_VIDEO, RegistrationState
from domain.registration import Complaint as Faulted
from domain.scans import ScanKind
from gql.planning.sources import column, computed, node, reference, sealed, to_many
from gql.schema.errors import UserError
from gql.schema.happenings import Happening
from gql.schema.payloads import Payload
from gql.schema.refs import registration_ref
from gql.schema.scalars import AS_OF, Upload, key_field, unkept_key
from persistence.registration import RegistrationBody, RegistrationRow, ScanBody, ScanRow


def masked_passport(value: str | None) -> str | None:
    """Return the last three digits."""
    return None if value is None else mask(IdentifierKind.PASSPORT, value)


def masked_number(value: str | None) -> str | None:
    """Return the last four digits."""
    return None if value is None else mask(IdentifierKind.SNILS, value)


def video_needed(complaints: tuple[Faulted, ...]) -> bool:
    """Return whether a code doesn't answer what stands against it."""
    return any(complaint.code in NEEDS_VIDEO for complaint in complaints)


def path_of(accepted: bool, number: int) -> str | None:
    """Return where a file is fetched."""
    return f"/scans/{number}" if accepted else None


@strawberry.type(description="One complaint about one field or file.")
class Complaint:
    """A complaint."""

    field: str = strawberry.field(description="The input's field or the scan's kind; empty: all of it.")
    code: str = strawberry.field(description="A stable code, such as REGISTRY_DISAGREES or BLURRED.")
    words: str = strawberry.field(description="The same for people, in Russian.")
    words_english: str = strawberry.field(description="The same in English.")


@node(ScanRow, ScanBody, description="A file that was sent; of one that isn't taken only the complaints are kept.")
class Scan:
    """A scan."""

    kind: ScanKind = column(ScanRow.kind, "What it shows.")
    at: datetime = column(ScanRow.at, "When it was sent.")
    accepted: bool = column(ScanRow.accepted, "Whether it is taken.")
    media_type: str | None = column(ScanRow.media_type, "What it is by its content; null if neither PDF nor JPG.")
    size: int = column(ScanRow.size, "Bytes that were sent.")
    sharpness: float | None = column(
        ScanRow.sharpness, "How sharp its largest picture is: below 100 it is refused; null where there is none."
    )
    complaints: list[Complaint] = sealed("complaints", "What is wrong with it.")
    path: str | None = computed(
        path_of,
        "Path to fetch it by, with a session; gone when the registration is over.",
        columns=[ScanRow.accepted, ScanRow.id],
    )


@node(RegistrationRow, RegistrationBody, description="The way to a confirmed identity; resumable days later.")
class Registration:
    """A registration."""

    state: RegistrationState = column(RegistrationRow.state, "Where it stands.")
    began_at: datetime = column(RegistrationRow.began_at, "When it began.")
    changed_at: datetime = column(RegistrationRow.changed_at, "When it last got on.")
    family_name: str | None = sealed("family", "As given.")
    given_name: str | None = sealed("given", "As given.")
    patronymic: str | None = sealed("patronymic", "As given.")
    birth_date: date | None = sealed("birth_date", "As given.")
    sex: Sex = sealed("sex", "As given.")
    passport: str | None = computed(masked_passport, "All but the last digits hidden.", attributes=["passport"])
    snils: str | None = computed(masked_number, "All but the last digits hidden.", attributes=["snils"])
    policy: str | None = computed(masked_number, "All but the last digits hidden.", attributes=["policy"])
    complaints: list[Complaint] = sealed("complaints", "What doesn't agree, field by field.")
    video_needed: bool = computed(
        video_needed, "Whether a code isn't enough and a person must look.", attributes=["complaints"]
    )
    scans: list[Scan] = to_many(ScanRow.account_id, "The files, one of a kind.", order=[ScanRow.id])


@node(RegistrationRow, RegistrationBody, description="Somebody whose face and document are to be compared.")
class IdentityCheck:
    """A registration as an operator sees it."""

    id: strawberry.ID = computed(registration_ref, "For deciding it.", columns=[RegistrationRow.id])
    waiting_since: datetime = column(RegistrationRow.changed_at, "Since when the person waits.")
    family_name: str | None = sealed("family", "As given.")
    given_name: str | None = sealed("given", "As given.")
    patronymic: str | None = sealed("patronymic", "As given.")
    birth_date: date | None = sealed("birth_date", "As given.")
    sex: Sex = sealed("sex", "As given.")
    passport: str | None = sealed("passport", "Series and number as given: they must be the document's.")
    complaints: list[Complaint] = sealed("complaints", "What didn't agree before.")
    scans: list[Scan] = to_many(
        ScanRow.account_id, "The files: CAMERA and PASSPORT are to be looked at side by side.", order=[ScanRow.id]
    )


@strawberry.input(description="A phone and an address; both get a code.")
class BeginRegistrationInput:
    """Contacts."""

    phone: str = strawberry.field(description="The phone, in whatever way it is written.")
    email: str = strawberry.field(description="The e-mail address.")
    key: str | None = unkept_key()


@strawberry.input(description="Both codes, and the password of the new account.")
class ConfirmContactsInput:
    """Codes."""

    ticket: str = strawberry.field(description="What `beginRegistration` answered.")
    phone_code: str = strawberry.field(description="The code that came to the phone.")
    email_code: str = strawberry.field(description="The code that came to the address.")
    password: str = strawberry.field(
        description="8 to 256 characters, 15 advised; any language, no rules but that it is hard to guess."
    )
    key: str | None = unkept_key()


@strawberry.input(description="Who the person is, as the documents say.")
class SubmitPersonalDataInput:
    """Personal data."""

    family_name: str = strawberry.field(description="Family name.")
    given_name: str = strawberry.field(description="Given name.")
    patronymic: str | None = strawberry.field(default=None, description="Patronymic, if there is one.")
    birth_date: date = strawberry.field(description="Birth date.")
    sex: Sex = strawberry.field(description="As in the passport.")
    passport: str = strawberry.field(description="Series and number: ten digits.")
    snils: str = strawberry.field(description="Eleven digits, the last two check the others.")
    policy: str = strawberry.field(description="Insurance policy: 16 digits; they hold birth date and sex.")
    key: str | None = key_field()


@strawberry.input(description="A file.")
class AddScanInput:
    """A scan."""

    kind: ScanKind = strawberry.field(description="What it shows.")
    file: Upload = strawberry.field(description="PDF or JPG, up to 10 MB.")
    key: str | None = unkept_key()


@strawberry.input(description="Nothing but a key.")
class RegistrationStepInput:
    """A step without data."""

    key: str | None = key_field()


@strawberry.input(description="By which way.")
class SendConfirmationCodeInput:
    """The way."""

    channel: Channel = strawberry.field(default=Channel.SMS, description="By which way.")
    key: str | None = unkept_key()


@strawberry.input(description="The code that finishes the registration.")
class ConfirmIdentityInput:
    """A code."""

    ticket: str = strawberry.field(description="What `sendConfirmationCode` answered.")
    channel: Channel = strawberry.field(default=Channel.SMS, description="By which way the code went.")
    code: str = strawberry.field(description="Six digits.")
    key: str | None = unkept_key()


@strawberry.input(description="Whether the face is the document's.")
class DecideIdentityInput:
    """A decision."""

    registration_id: strawberry.ID = strawberry.field(description="The check, as `identityChecks` names it.")
    granted: bool = strawberry.field(description="Whether the person is who the document says.")
    comment: str | None = strawberry.field(default=None, description="Needed to refuse: the person reads it.")
    key: str | None = key_field()


@strawberry.type(description="A new account and its first session.")
class ConfirmContactsPayload:
    """The session."""

    token: str | None = strawberry.field(
        default=None, description="Send it as `Authorization: Bearer`; told this once."
    )
    expires_at: datetime | None = strawberry.field(default=None, description="When the session ends at the latest.")
    errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


@strawberry.type(description="What came of it.")
class RegistrationPayload(Payload):
    """The registration, or why not."""

    registration: Registration | None = reference("The registration.")
    errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused; one a field.")
    as_of: str | None = strawberry.field(default=None, description=AS_OF)


@strawberry.type(description="What came of it.")
class ScanPayload(Payload):
    """The file, or why not."""

    scan: Scan | None = reference("The file, with what is wrong with it.")
    errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")
    as_of: str | None = strawberry.field(default=None, description=AS_OF)


@strawberry.type(description="A registration got on.")
class RegistrationChanged(Happening):
    """An event."""

    registration: Registration | None = reference("The registration as it is now.")
