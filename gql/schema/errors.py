"""What a refused mutation says."""

import strawberry

from domain.errors import Refusal


@strawberry.type(description="Why a mutation was refused.")
class UserError:
    """One fault."""

    code: str = strawberry.field(description="A stable code, such as SLOT_TAKEN.")
    message: str = strawberry.field(description="The same for people, in the client's language.")
    path: list[str] | None = strawberry.field(description="The input's field at fault, from `input` on.")
    suggestion: str | None = strawberry.field(description="What would be right, where that is known.")

    @classmethod
    def of(cls, refusal: Refusal, language: str) -> "UserError":
        """Return a refusal as clients see it."""
        path = ["input", refusal.field] if refusal.field else None
        return cls(code=refusal.code, message=refusal.message(language), path=path, suggestion=refusal.suggestion)
