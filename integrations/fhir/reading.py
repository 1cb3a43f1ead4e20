"""Bytes → entries: the JSON, the bundle around the resources, and the names under which they refer to each other.

What is checked, here and by the mappers: that the JSON is well formed, that this is a Bundle of a kind that carries
resources, and of each resource that is mapped the required elements, types and required bindings of what is read.
fhir.resources' models aren't run over it: they take longer than everything else together, and they refuse what
real servers send (a dateTime without a zone, an unknown element, an empty list) although nothing that is filed
depends on it.
"""

import hashlib
import json
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import unquote

from domain.record import NOWHERE, Link
from integrations.fhir.elements import Broken, Digits, Element

KINDS: Final = frozenset({"transaction", "batch", "collection", "searchset", "document"})
MOST_ENTRIES: Final = 100_000
WRITING: Final = frozenset({"POST", "PUT"})


class Entry:
    """A resource of the bundle."""

    def __init__(self, element: Element, full_url: str | None = None, source: str | None = None) -> None:
        self.element = element
        self.type = element.needed("resourceType")
        self.id = element.text("id")
        self.full_url = full_url
        self.aliases = _aliases(self.type, element)
        self.source = source or self._source()

    @property
    def place(self) -> str:
        """Return where it stands."""
        return self.element.place

    @property
    def local(self) -> str | None:
        """Return `Type/id`."""
        return f"{self.type}/{self.id}" if self.id else None

    def contained(self, name: str) -> "Entry | None":
        """Return a resource inside this one; it has no name without it."""
        for inner in self.element.children("contained"):
            if inner.text("id") == name:
                return Entry(inner, source=f"{self.source}#{name}")
        return None

    def _source(self) -> str:
        """Return the sender's name of it; where there is none at all its content has to stand for it."""
        named = self.local or self.full_url or next(iter(self.aliases), None)
        if named is not None:
            return named
        text = json.dumps(self.element.data, sort_keys=True, default=str)
        return f"{self.type}={hashlib.sha256(text.encode(errors='surrogatepass')).hexdigest()}"


class Entries:
    """The resources of a bundle, found by every name that a reference may use."""

    def __init__(self, entries: list[Entry], repeated: list[Entry]) -> None:
        self.all = entries
        self.repeated = repeated
        """Those that stand in the bundle before, word for word."""
        self._by_url = {_bare(entry.full_url): entry for entry in entries if entry.full_url}
        self._by_local = {entry.local: entry for entry in entries if entry.local}
        self._by_alias = {alias: entry for entry in reversed(entries) for alias in entry.aliases}

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.all)

    def resolve(self, holder: Entry, reference: Element | None) -> Entry | None:
        """Return the resource that a reference means, if it is in the bundle or contained in its holder."""
        if reference is None:
            return None
        text = reference.text("reference")
        if text is None:
            alias = _logical(reference)
            return self._by_alias.get(alias) if alias else None
        if text.startswith("#"):
            return holder.contained(text[1:]) if len(text) > 1 else holder
        if "?" in text:
            return self._by_alias.get(_conditional(text) or "")
        bare = _bare(text)
        if bare in self._by_url:
            return self._by_url[bare]
        return self._relative(holder, bare)

    def link(self, holder: Entry, reference: Element | None) -> Link:
        """Return the names under which a reference's target may be known here."""
        if reference is None:
            return NOWHERE
        found = self.resolve(holder, reference)
        if found is not None and found.type == "PractitionerRole":
            return self.link(found, found.element.child("practitioner"))
        display = reference.text("display")
        if found is None:
            return Link(_outside(reference), display)
        return Link((found.source, *found.aliases), display or name_of(found))

    def _relative(self, holder: Entry, bare: str) -> Entry | None:
        """Return the target of `Type/id`, which another server's resource of the same name isn't."""
        local = "/".join(bare.split("/")[-2:])
        found = self._by_local.get(local)
        if found is None or bare == local or found.full_url is None or found.full_url.startswith("urn:"):
            if found is not None and bare == local and holder.full_url and not holder.full_url.startswith("urn:"):
                base = holder.full_url.rsplit("/", 2)[0]
                return self._by_url.get(f"{base}/{local}", found)
            return found
        return None


def read(raw: bytes) -> tuple[Element, Entries]:
    """Return a bundle and its resources.

    Raises:
        Broken: it can't be taken; says where it is broken.
    """
    data = _json(raw)
    if type(data) is not dict:
        raise Broken("Bundle", "must be an object")
    bundle = Element(data, "Bundle")
    if bundle.text("resourceType") != "Bundle":
        raise bundle.broken("resourceType", "must be Bundle")
    if bundle.needed("type") not in KINDS:
        raise bundle.broken("type", "must be transaction, batch, collection, searchset or document")
    return bundle, _entries(bundle)


def name_of(entry: Entry) -> str | None:
    """Return what a person or an organization is called."""
    if type(entry.element.data.get("name")) is str:
        return entry.element.text("name")
    for name in entry.element.children("name")[:1]:
        said = [*name.texts("prefix"), *name.texts("given"), *filter(None, [name.text("family")])]
        return name.text("text") or " ".join(said) or None
    return None


def _entries(bundle: Element) -> Entries:
    entries = bundle.children("entry")
    if len(entries) > MOST_ENTRIES:
        raise bundle.broken("entry", "has too many entries")
    seen: dict[str, Entry] = {}
    repeated = []
    for entry in entries:
        request = entry.child("request")
        if request and request.needed("method") not in WRITING:
            raise request.broken("method", "must be POST or PUT: only what is added or changed is taken")
        resource = entry.child("resource")
        if resource is None:
            raise entry.broken("resource", "is missing")
        found = Entry(resource, entry.text("fullUrl"))
        first = seen.setdefault(found.source, found)
        if first is not found:
            if first.element.data != resource.data:
                raise resource.broken("id", "names a resource that stands in the file before, with another content")
            repeated.append(found)
    return Entries(list(seen.values()), repeated)


def _json(raw: bytes) -> Any:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Broken(_line(raw[: error.start].decode(errors="replace")), "is not UTF-8") from None
    try:
        return json.loads(text, parse_float=Digits, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise Broken(f"line {error.lineno} column {error.colno}", f"is not JSON: {error.msg}") from None
    except RecursionError:
        raise Broken("Bundle", "is nested too deeply") from None
    except ValueError:
        raise Broken("Bundle", "holds a number that JSON doesn't know") from None


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _line(before: str) -> str:
    return f"line {before.count(chr(10)) + 1} column {len(before) - before.rfind(chr(10))}"


def _bare(url: str) -> str:
    """Return an address without its version."""
    return url.split("/_history/", 1)[0]


def _aliases(kind: str, element: Element) -> tuple[str, ...]:
    if type(element.data.get("identifier")) is dict:  # a few types have one identifier instead of a list
        return ()
    found = [(each.text("system"), each.text("value")) for each in element.children("identifier")]
    return tuple(f"{kind}?{system}|{value}" for system, value in found if system and value)


def _conditional(text: str) -> str | None:
    """Return the alias that a conditional reference names: `Practitioner?identifier=system|value`."""
    kind, _, query = text.partition("?")
    name, _, value = query.partition("=")
    return f"{kind.split('/')[-1]}?{unquote(value)}" if name == "identifier" and "&" not in value else None


def _logical(reference: Element) -> str | None:
    """Return the alias that a reference by identifier names."""
    kind, identifier = reference.text("type"), reference.child("identifier")
    if kind is None or identifier is None or not (identifier.text("system") and identifier.text("value")):
        return None
    return f"{kind}?{identifier.text('system')}|{identifier.text('value')}"


def _outside(reference: Element) -> tuple[str, ...]:
    """Return the names of something that isn't in the bundle but may have come in before."""
    text = reference.text("reference")
    names = [_logical(reference)]
    if text and "?" in text:
        names.append(_conditional(text))
    elif text and not text.startswith("#"):
        bare = _bare(text)
        names.append(bare if bare.startswith("urn:") else "/".join(bare.split("/")[-2:]))
    return tuple(name for name in names if name)
