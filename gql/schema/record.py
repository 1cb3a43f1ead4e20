"""What the nouns of the medical record share: coded concepts and FHIR's statuses."""

import strawberry

from domain.record import (
    AllergyCategory,
    AllergyKind,
    ClinicalStatus,
    Criticality,
    DocumentStatus,
    EncounterStatus,
    ImmunizationStatus,
    MedicationIntent,
    MedicationStatus,
    VerificationStatus,
)
from gql.schema.enums import described


@strawberry.type(description="Something said in words and, where the sender gives one, by a code.")
class CodedConcept:
    """A coded concept."""

    title: str = strawberry.field(description="In words, as the sender says it.")
    code: str | None = strawberry.field(description="The first code that was sent.")
    system: str | None = strawberry.field(description="The code's system, such as http://snomed.info/sct.")


described(
    EncounterStatus,
    "Where a visit or a stay stands.",
    {
        EncounterStatus.PLANNED: "Not begun.",
        EncounterStatus.ARRIVED: "The patient is there.",
        EncounterStatus.TRIAGED: "The patient was assessed and waits.",
        EncounterStatus.IN_PROGRESS: "It goes on.",
        EncounterStatus.ONLEAVE: "The patient is away for a while.",
        EncounterStatus.FINISHED: "It is over.",
        EncounterStatus.CANCELLED: "It did not take place.",
        EncounterStatus.ENTERED_IN_ERROR: "It should never have been written.",
        EncounterStatus.UNKNOWN: "Not known.",
    },
)
described(
    ClinicalStatus,
    "Whether a condition or an allergy is active.",
    {
        ClinicalStatus.ACTIVE: "Active.",
        ClinicalStatus.RECURRENCE: "Back after it was resolved.",
        ClinicalStatus.RELAPSE: "Back after an improvement.",
        ClinicalStatus.INACTIVE: "Not active any more.",
        ClinicalStatus.REMISSION: "Not active, with a risk of coming back.",
        ClinicalStatus.RESOLVED: "Over.",
        ClinicalStatus.UNKNOWN: "The sender does not say.",
    },
)
described(
    VerificationStatus,
    "How sure a diagnosis or an allergy is.",
    {
        VerificationStatus.UNCONFIRMED: "Not confirmed.",
        VerificationStatus.PROVISIONAL: "Tentative.",
        VerificationStatus.DIFFERENTIAL: "One of several that are possible.",
        VerificationStatus.CONFIRMED: "Confirmed.",
        VerificationStatus.REFUTED: "Ruled out.",
        VerificationStatus.ENTERED_IN_ERROR: "It should never have been written.",
        VerificationStatus.UNKNOWN: "The sender does not say.",
    },
)
described(
    AllergyKind,
    "The mechanism of a reaction.",
    {AllergyKind.ALLERGY: "Of the immune system.", AllergyKind.INTOLERANCE: "Not of the immune system."},
)
described(
    AllergyCategory,
    "What a person reacts to.",
    {
        AllergyCategory.FOOD: "Food.",
        AllergyCategory.MEDICATION: "A medicine.",
        AllergyCategory.ENVIRONMENT: "Something around, such as pollen.",
        AllergyCategory.BIOLOGIC: "A preparation made from living organisms.",
    },
)
described(
    Criticality,
    "How dangerous a further contact is.",
    {
        Criticality.LOW: "Not life-threatening.",
        Criticality.HIGH: "Possibly life-threatening.",
        Criticality.UNABLE_TO_ASSESS: "It could not be assessed.",
    },
)
described(
    ImmunizationStatus,
    "Whether a vaccine was given.",
    {
        ImmunizationStatus.COMPLETED: "Given.",
        ImmunizationStatus.NOT_DONE: "Not given.",
        ImmunizationStatus.ENTERED_IN_ERROR: "It should never have been written.",
    },
)
described(
    MedicationStatus,
    "Where a prescription stands.",
    {
        MedicationStatus.ACTIVE: "To be taken.",
        MedicationStatus.ON_HOLD: "Suspended for a while.",
        MedicationStatus.CANCELLED: "Withdrawn before anything was taken.",
        MedicationStatus.COMPLETED: "Taken to the end.",
        MedicationStatus.ENTERED_IN_ERROR: "It should never have been written.",
        MedicationStatus.STOPPED: "Ended before its time.",
        MedicationStatus.DRAFT: "Not yet valid.",
        MedicationStatus.UNKNOWN: "Not known.",
    },
)
described(
    MedicationIntent,
    "How binding a prescription is.",
    {
        MedicationIntent.PROPOSAL: "A suggestion.",
        MedicationIntent.PLAN: "An intention.",
        MedicationIntent.ORDER: "A prescription.",
        MedicationIntent.ORIGINAL_ORDER: "A prescription that others derive from.",
        MedicationIntent.REFLEX_ORDER: "A prescription that follows another one automatically.",
        MedicationIntent.FILLER_ORDER: "A pharmacy's view of a prescription.",
        MedicationIntent.INSTANCE_ORDER: "One dose of a prescription.",
        MedicationIntent.OPTION: "One of several that may be chosen.",
    },
)
described(
    DocumentStatus,
    "Whether a document counts.",
    {
        DocumentStatus.CURRENT: "It counts.",
        DocumentStatus.SUPERSEDED: "Another one replaces it.",
        DocumentStatus.ENTERED_IN_ERROR: "It should never have been written.",
    },
)
