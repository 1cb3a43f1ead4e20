"""What an operation may cost: the rows that it can load at most, known before anything is loaded."""

from typing import Final

from gql.planning.plan import DEFAULT_FIRST, Plan
from persistence.branches import Bound
from persistence.tree import Branch, Shape

MOST: Final = 10_000
"""Rows; a hundred items with a hundred each."""
ACT: Final = 10
"""A mutation or a subscription, besides what its payload shows."""
UNPAGED: Final = 10
"""What a list without pages is taken for: roles, steps, services."""


def price(plan: Plan, bound: Bound) -> int:
    """Return the price of an operation with these arguments; the same page sizes always cost the same."""
    sizes = tuple(bound[binding.branch.number].first for binding in plan.bindings)
    found = plan.prices.get(sizes)
    if found is None:
        if len(plan.prices) >= 100:
            plan.prices.clear()
        found = plan.prices[sizes] = _price(plan, bound)
    return found


def _price(plan: Plan, bound: Bound) -> int:
    read = sum(max(_below(branch, bound) for branch in root.branches.values()) for root in plan.roots)
    shown = sum(ACT + sum(_below(branch, bound) for _, branch in refs.values()) for refs in plan.payloads.values())
    return max(1, read + shown)


def _below(branch: Branch, bound: Bound) -> int:
    return _rows(branch, bound) * (1 + sum(_below(child, bound) for child in branch.children.values()))


def _rows(branch: Branch, bound: Bound) -> int:
    if branch.shape is Shape.ONE:
        return 1
    if branch.shape is Shape.LIST:
        return UNPAGED
    given = bound.get(branch.number)
    return DEFAULT_FIRST if given is None or given.first is None else given.first
