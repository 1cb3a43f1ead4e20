"""A lifecycle is a table of legal moves; whoever moves a thing asks it."""

from collections.abc import Mapping
from typing import TypeVar

from domain.errors import IllegalTransition

S = TypeVar("S")


def require_move(table: Mapping[S, frozenset[S]], now: S, then: S) -> None:
    """Check that the table knows the move.

    Raises:
        IllegalTransition: it does not.
    """
    if then not in table.get(now, frozenset()):
        raise IllegalTransition
