"""A small real engine over graphql-core, for the transports' tests."""

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import AsyncGenerator
from typing import Any, Literal

from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    build_schema,
    execute,
    get_operation_ast,
    parse,
    subscribe,
    validate,
)

from gql.exchange import Caller, Reply, Request, Stream, StreamEnded

SDL = """
scalar Upload
type Query {
  hello(name: String = "мир"): String!
  whoami: String!
  fails: String
  fill(bytes: Int!): String!
}
type Mutation {
  add(number: Int!): Int!
  addSlowly(number: Int!): Int!
  digest(file: Upload!): String!
  digests(files: [Upload!]!): [String!]!
}
type Subscription {
  count(to: Int!): Int!
  forever: Int!
  flood(bytes: Int!): String!
  ends(session: Boolean!): Int!
  breaks: Int!
}
"""


NOT_PERSISTED = Reply(
    b'{"errors":[{"message":"PersistedQueryNotSupported","extensions":{"code":"PERSISTED_QUERY_NOT_SUPPORTED"}}]}',
    executed=False,
)
"""What the real engine says to a hash that it doesn't know."""


class Root:
    """The resolvers; graphql-core finds them by name."""

    def __init__(self, engine: "SmallEngine", caller: Caller) -> None:
        self._engine = engine
        self._caller = caller

    def hello(self, info: Any, name: str) -> str:
        return f"Привет, {name}!"

    def whoami(self, info: Any) -> str:
        return self._caller.token or "никто"

    def fails(self, info: Any) -> str:
        raise GraphQLError("Не вышло.", extensions={"code": "FAILED"})

    def fill(self, info: Any, bytes: int) -> str:
        return "x" * bytes

    def add(self, info: Any, number: int) -> int:
        self._engine.total += number
        self._engine.added.set()
        return self._engine.total

    async def addSlowly(self, info: Any, number: int) -> int:
        self._engine.entered.set()
        await self._engine.gate.wait()
        return self.add(info, number)

    def digest(self, info: Any, file: Any) -> str:
        return hashlib.sha256(file.file.read()).hexdigest()

    def digests(self, info: Any, files: list[Any]) -> list[str]:
        return [self.digest(info, file) for file in files]


class SmallEngine:
    """Keeps gql.exchange.Engine's promises; what tests want to see or to force is an attribute."""

    def __init__(self) -> None:
        self.schema: GraphQLSchema = build_schema(SDL)
        self.live = {"good", "other"}
        self.total = 0
        self.callers: list[Caller] = []
        self.requests: list[Request] = []
        self.forced: Reply | None = None
        self.raises: Exception | None = None
        self.open: Counter[str] = Counter()
        self.sent: Counter[str] = Counter()
        self.changed = asyncio.Condition()
        self.gate = asyncio.Event()
        self.entered = asyncio.Event()
        self.added = asyncio.Event()
        for name, field in self.schema.subscription_type.fields.items():  # type: ignore[union-attr]
            field.subscribe = getattr(self, f"_{name}")
            field.resolve = lambda event, info, **_: event

    async def execute(self, request: Request, caller: Caller) -> Reply:
        self.callers.append(caller)
        self.requests.append(request)
        if self.raises:
            raise self.raises
        if self.forced:
            return self.forced
        if request.query is None and request.document_id is None:
            return NOT_PERSISTED
        document, errors = self._checked(request)
        if errors:
            return _reply(ExecutionResult(None, errors))
        result = execute(
            self.schema,
            document,
            Root(self, caller),
            variable_values=request.variables,
            operation_name=request.operation_name,
        )
        return _reply(result if isinstance(result, ExecutionResult) else await result)

    async def subscribe(self, request: Request, caller: Caller) -> Stream | Reply:
        self.callers.append(caller)
        self.requests.append(request)
        if self.forced:
            return self.forced
        document, errors = self._checked(request)
        if errors:
            return _reply(ExecutionResult(None, errors))
        started = subscribe(
            self.schema, document, variable_values=request.variables, operation_name=request.operation_name
        )
        result = await started if asyncio.iscoroutine(started) else started
        return _reply(result) if isinstance(result, ExecutionResult) else self._bodies(result)

    def kind(self, request: Request) -> Literal["query", "mutation", "subscription"] | None:
        try:
            found = get_operation_ast(parse(request.query or ""), request.operation_name)
        except (GraphQLError, RecursionError):
            return None
        return found.operation.value if found else None

    async def knows(self, caller: Caller) -> bool:
        return caller.token in self.live

    async def until_closed(self, name: str) -> None:
        """Wait until no stream of that field is open."""
        async with asyncio.timeout(10), self.changed:
            await self.changed.wait_for(lambda: self.open[name] == 0)

    async def until_open(self, name: str, number: int = 1) -> None:
        """Wait until that many streams of that field are open."""
        async with asyncio.timeout(10), self.changed:
            await self.changed.wait_for(lambda: self.open[name] == number)

    def _checked(self, request: Request) -> tuple[Any, list[GraphQLError]]:
        try:
            document = parse(request.query or "")
        except GraphQLError as error:
            return None, [error]
        except RecursionError:
            return None, [GraphQLError("Слишком глубоко.")]
        if get_operation_ast(document, request.operation_name) is None:
            return None, [GraphQLError("Неясно, какая операция.")]
        return document, validate(self.schema, document)

    async def _bodies(self, results: Any) -> Stream:
        try:
            async for result in results:
                yield _reply(result).body
        finally:
            await results.aclose()

    async def _tracked(self, name: str, step: int) -> None:
        async with self.changed:
            self.open[name] += step
            self.changed.notify_all()

    async def _count(self, root: Any, info: Any, to: int) -> AsyncGenerator[int, None]:
        for number in range(1, to + 1):
            yield number

    async def _forever(self, root: Any, info: Any) -> AsyncGenerator[int, None]:
        await self._tracked("forever", 1)
        try:
            yield 0
            await asyncio.Event().wait()
        finally:
            await self._tracked("forever", -1)

    async def _flood(self, root: Any, info: Any, bytes: int) -> AsyncGenerator[str, None]:
        await self._tracked("flood", 1)
        try:
            while True:
                self.sent["flood"] += 1
                yield "x" * bytes
                await asyncio.sleep(0)
        finally:
            await self._tracked("flood", -1)

    async def _ends(self, root: Any, info: Any, session: bool) -> AsyncGenerator[int, None]:
        yield 1
        raise Ended(session)

    async def _breaks(self, root: Any, info: Any) -> AsyncGenerator[int, None]:
        yield 1
        raise ZeroDivisionError("Иванов И. И., диагноз")


class Ended(StreamEnded):
    def __init__(self, session: bool) -> None:
        code = "SESSION_ENDED" if session else "CONSENT_WITHDRAWN"
        error = {"message": "Поток окончен.", "extensions": {"code": code}}
        super().__init__(json.dumps({"errors": [error]}, ensure_ascii=False).encode(), session=session)


def _reply(result: ExecutionResult) -> Reply:
    # graphql-core: a request error has no data and errors without a path.
    executed = result.data is not None or any(error.path for error in result.errors or [])
    content: dict[str, Any] = {"data": result.data} if executed else {}
    if result.errors:
        content["errors"] = [
            {"message": error.message, "extensions": {"code": "GRAPHQL", **(error.extensions or {})}}
            for error in result.errors
        ]
    return Reply(json.dumps(content, ensure_ascii=False).encode("utf-8", "replace"), executed=executed)
