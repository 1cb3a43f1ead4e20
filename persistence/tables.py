"""Every table of the data, imported so that migrations and checks see them all."""

from sqlalchemy import MetaData
from sqlmodel import SQLModel

import persistence.access
import persistence.accounts
import persistence.appointments
import persistence.audit
import persistence.events
import persistence.ids
import persistence.messages
import persistence.organizations
import persistence.outcomes
import persistence.patients
import persistence.policies
import persistence.practitioners
import persistence.requests
import persistence.results
import persistence.sessions  # noqa: F401

DATA: MetaData = SQLModel.metadata
