"""A seeded generator of requests that are wrong in every way we could think of, made from the schema itself."""

import json
from random import Random
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
)

TEXTS = [
    "", " ", "x", "a\0b", "\u202eкод", "😀𝕏", "e\u0301", "\ufeff", "\r\n\x1b[31m", "x" * 5000, "'; drop table event; --",
    "{{7*7}}", "../../etc/passwd", "%00", "\\ud800", "NaN", "-0", "9" * 400, "2026-02-30", "2026-11-01T00:00:00Z",
    "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59.999999999Z", "null", "UGF0aWVudDo5OTk5OTk5OTk5OTk5OTk5OTk5OTk5",
    "UGF0aWVudDo6Og==", "UGF0aWVudDotMTotMQ==", "====", "//8=", "9223372036854775808", "1.2.3", "." * 300, "9" * 3999, "٣",
]  # fmt: skip
TIMES = [
    "2026-11-01", "2026-11-01T00:00:00Z", "0001-01-01", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31",
    "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999-23:59", "1969-12-31T23:59:59.999999Z", "2026-11-01T24:00:00Z",
    "2026-11-01T00:00:00", "2026-11-01T00:00:60Z", "2026-W01-1", "20261101T000000Z",
]  # fmt: skip
NUMBERS = [0, -1, 1, 2, 100, 101, 2**31, -(2**31) - 1, 2**53, 2**63, 0.5, 1e308, -0.0]
JSON = "application/json"
HEADERS = {
    "Content-Type": [JSON, JSON, JSON, JSON, "application/json; charset=utf-16", "text/plain", "multipart/form-data", ";=",
                     "multipart/form-data; boundary=b", "application/json, application/json", "application/graphql", ""],
    "Accept": ["application/graphql-response+json", JSON, "*/*", "text/event-stream", "multipart/mixed;subscriptionSpec=1.0",
               ";q=,,;", "a/b;q=1e999", "text/event-stream;q=0", "," * 500],
    "Accept-Language": ["en", "ru", "*", "en;q=9", "\xff", "x" * 300],
    "Authorization": ["Bearer", "Bearer x", "bearer  y z", "Basic eDp5", "Bearer " + "x" * 5000, "Bearer \xff", "\t"],
    "Cookie": ["session=x", "session=", "=;=;", "session=x; session=y", "a" * 3000, "session=\"x"],
    "X-CSRF-Token": ["x", "\xff"],
    "Idempotency-Key": ["one", "x" * 255, "x" * 256, "\xff", " ", "\x7f"],
    "Origin": ["null", "https://evil.test", "http://x", "\xff", "http://x\t"],
    "Content-Encoding": ["gzip", "identity", "br, gzip"],
    "X-Forwarded-For": ["1.2.3.4", "x" * 100, "\xff", "::1, ,"],
    "X-Requested-With": ["x"],
    "Expect": ["100-continue", "200-maybe"],
    "Upgrade": ["h2c", "websocket", "TLS/1.3"],
    "Connection": ["close, upgrade", "keep-alive", "x"],
    "Transfer-Encoding": ["identity", "gzip"],
}  # fmt: skip
BROKEN = [
    "", "{", "}", "{}", "{ }", "query", "query {", "{ a ", "{ viewer }", "{ viewer { } }", "{ __typename }", "fragment F on X { x }",
    "{ ...F } fragment F on Query { ...F }", "{ ...F } fragment F on Query { ...G } fragment G on Query { ...F }",
    "query A { asOf } query A { asOf }", "query A { asOf } { asOf }", "subscription { asOf }", "mutation { asOf }",
    "{ asOf @skip }", "{ asOf @skip(if: $x) }", "query($x: Nope) { asOf }", "query($x: Boolean) { asOf @skip(if: $x) }",
    "query($x: Boolean = null) { asOf @include(if: $x) }", "{ asOf(x: 1) }", "{ node(id: null) { id } }", "{ node(id: {a: 1}) { id } }",
    "{ asOf" + " @skip(if: false)" * 50 + " }", "{ " + "a: asOf " * 500 + "}", "{ " + " ".join(f"a{n}: asOf" for n in range(60)) + " }",
    "{" * 500, "{ viewer " * 100 + "}" * 100, "{ asOf " + "#" * 5000, '{ node(id: "\\uD800") { id } }', '{ node(id: "\\u{110000}") { id } }',
    '{ node(id: """x\\""""") { id } }', "{ node(id: \"\x00\") { id } }", "\ufeff{ asOf }", "{ a\u0000sOf }", "type Query { x: Int }",
    "{ ...A } " + " ".join(f"fragment {chr(65 + n)} on Query {{ ...{chr(66 + n)} ...{chr(66 + n)} }}" for n in range(20)) + " fragment U on Query { asOf }",
    "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }", "{ __type(name: \"Patient\") { name } }",
    "query($first: Int) { practitioners(first: $first) { nodes { id } } }", "query($a: [[[[String]]]]) { asOf }",
]  # fmt: skip


class Fuzz:
    """The same seed makes the same requests."""

    def __init__(self, schema: GraphQLSchema, seed: int, ids: list[str]) -> None:
        self.random = Random(seed)
        self._schema = schema
        self._ids = ids

    def http(self, token: str | None) -> bytes:
        """Return a whole HTTP request, the connection's last."""
        random = self.random
        headers = {"Host": "x", "Content-Type": JSON, **({"Authorization": f"Bearer {token}"} if token else {})}
        for name in random.sample(list(HEADERS), random.choice([0, 0, 0, 1, 1, 5])):
            headers[name] = random.choice(HEADERS[name])
        body = self.body()
        target, method = "/graphql", random.choice(["POST"] * 12 + ["GET", "GET", "PUT", "HEAD"])
        if method == "GET":
            target += "?" + "".join(
                chr(byte) if 33 <= byte < 127 else f"%{byte:02x}" for byte in b"query=" + body[:3000]
            )
            body = b""
        lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        lines += ["Connection: close", f"Content-Length: {len(body)}", "", ""]
        return "\r\n".join(lines).encode("latin-1") + body

    def body(self) -> bytes:
        """Return a body: mostly JSON of a request, sometimes broken at a few bytes."""
        random = self.random
        raw = json.dumps(self.message(), ensure_ascii=random.random() < 0.5).encode("utf-8", "surrogatepass")
        if random.random() < 0.15:
            broken = bytearray(raw)
            for _ in range(random.randint(1, 4)):
                place = random.randrange(len(broken) + 1)
                broken[place : place + random.choice([0, 1, 9])] = random.choice(
                    [b"", b"\0", b"\xff", b'"', b"{", b"[" * 99]
                )
            raw = bytes(broken)
        return raw[: random.randrange(len(raw) + 1)] if random.random() < 0.05 else raw

    def message(self) -> Any:
        """Return a request, or what stands in its place."""
        random = self.random
        if random.random() < 0.05:
            return self._anything(3)
        document, variables = self.document()
        message: dict[str, Any] = {"query": document, "variables": variables}
        if random.random() < 0.2:
            message[random.choice(["operationName", "variables", "extensions", "documentId", "query"])] = (
                self._anything(2)
            )
        return message

    def document(self) -> tuple[str, dict[str, Any]]:
        """Return a document with its variables: mostly of the schema, often wrong somewhere."""
        random = self.random
        if random.random() < 0.2:
            return random.choice(BROKEN), self._anything(1) if random.random() < 0.5 else {}
        kind, root = random.choice(
            [("query", self._schema.query_type), ("mutation", self._schema.mutation_type)] * 5
            + [("subscription", self._schema.subscription_type)]
        )
        assert root is not None
        variables: dict[str, Any] = {}
        declared: list[str] = []
        names = random.sample(list(root.fields), 1 if kind == "subscription" else random.choice([1, 1, 2]))
        fields = " ".join(self._field(root, name, declared, variables, 4) for name in names)
        text = f"{kind} F{'(' + ', '.join(declared) + ')' if declared else ''} {{ {fields} }}"
        if random.random() < 0.1:
            place = random.randrange(len(text))
            text = text[:place] + random.choice(["", "{", "}", "$", '"', "\0", "@", "...", "é"]) + text[place + 1 :]
        return text, variables

    def frame(self) -> str | bytes:
        """Return a websocket message."""
        random = self.random
        if random.random() < 0.05:
            return random.choice([b"", b"\xff", b"{}", b"\0" * 100])
        if random.random() < 0.1:
            return self.body().decode("utf-8", "replace")
        message = {"type": random.choice(["subscribe"] * 6 + ["complete", "ping", "pong", "next", "nope"])}
        message["id"] = random.choice(["a", "b", "c"] * 4 + [self._anything(1)])
        message["payload"] = (
            self.message() if message["type"] == "subscribe" else random.choice([None, {}, self._anything(2)])
        )
        return json.dumps(message)

    def _field(
        self,
        parent: GraphQLObjectType | GraphQLInterfaceType,
        name: str,
        declared: list[str],
        variables: dict[str, Any],
        depth: int,
    ) -> str:
        field = parent.fields[name]
        arguments = []
        for argument, given in field.args.items():
            if self.random.random() < 0.8:
                variable = f"v{len(declared)}"
                declared.append(f"${variable}: {given.type}")
                variables[variable] = self._value(given.type, 4)
                arguments.append(f"{argument}: ${variable}")
        text = name + (f"({', '.join(arguments)})" if arguments else "")
        return text + self._selection(get_named_type(field.type), declared, variables, depth)

    def _selection(self, kind: GraphQLNamedType, declared: list[str], variables: dict[str, Any], depth: int) -> str:
        if isinstance(kind, GraphQLUnionType):
            return " { __typename }"
        if not isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            return ""
        if isinstance(kind, GraphQLInterfaceType) and self.random.random() < 0.8:
            kind = self.random.choice(self._schema.get_possible_types(kind))
            return f" {{ ... on {kind.name}{self._selection(kind, declared, variables, depth)} }}"
        leaves = [name for name, field in kind.fields.items() if not hasattr(get_named_type(field.type), "fields")]
        names = list(kind.fields) if depth > 0 else leaves or ["__typename"]
        chosen = self.random.sample(names, min(len(names), self.random.randint(1, 4)))
        inside = [
            name if name == "__typename" else self._field(kind, name, declared, variables, depth - 1) for name in chosen
        ]
        return f" {{ {' '.join(inside)} }}"

    def _value(self, kind: Any, depth: int) -> Any:
        """Return a value of an input type, or, now and then, anything."""
        random = self.random
        if random.random() < 0.03:
            return self._anything(2)
        if isinstance(kind, GraphQLNonNull):
            return self._value(kind.of_type, depth)
        if isinstance(kind, GraphQLList):
            return [
                self._value(kind.of_type, depth - 1) for _ in range(random.choice([0, 1, 2, 200 if depth == 4 else 3]))
            ]
        if isinstance(kind, GraphQLInputObjectType):
            return {
                name: self._value(field.type, depth - 1) for name, field in kind.fields.items() if random.random() < 0.9
            }
        if isinstance(kind, GraphQLEnumType):
            return random.choice([*kind.values, "NOPE", "", None])
        if kind.name == "ID":
            return random.choice([*self._ids] * 15 + TEXTS)
        if kind.name in ("Int", "Float"):
            return random.choice([*NUMBERS, 1, 2, 3, 5, 20, 50])
        if kind.name in ("Date", "DateTime"):
            return random.choice(TIMES if random.random() < 0.7 else TEXTS)
        if kind.name == "Boolean":
            return random.choice([True, False, True, False, "true", 1])
        return random.choice(["Калий", "6.9", "A", *TEXTS])

    def _anything(self, depth: int) -> Any:
        random = self.random
        simple: list[Any] = [
            None,
            True,
            False,
            random.choice(NUMBERS),
            random.choice(TEXTS),
            "\ud800" if random.random() < 0.1 else "x",
        ]
        if depth <= 0 or random.random() < 0.6:
            return random.choice(simple)
        if random.random() < 0.5:
            return [self._anything(depth - 1) for _ in range(random.randint(0, 3))]
        return {random.choice(TEXTS): self._anything(depth - 1) for _ in range(random.randint(0, 3))}
