"""A copy of everything that is kept about a patient: JSON, CSV, and a manifest that is signed (H3)."""

import asyncio
import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Final

import msgspec

from actions.audit import signer
from actions.call import Call
from actions.factors import STEP_UP
from actions.tasks import TaskLost, Work
from domain.access import Category, Permission, Rights
from domain.appeals import AppealState
from domain.audit import AuditAction, AuditEntry, Outcome
from domain.errors import Forbidden, NotFound, NotSignedIn, Refusal, StepUpNeeded
from persistence import access, appeals, exports, sessions, tasks, whole
from persistence.appeals import AppealBody
from persistence.tasks import TaskState

MANIFEST: Final = "medkabinet export v1"
README: Final = """Копия данных из медицинского кабинета.
data.json – всё, что хранится о человеке; tables/*.csv – то же таблицами; audit.csv – кто открывал карту.
manifest.txt – SHA-256 каждого файла, подписано ключом сервиса (формат C2SP signed-note, Ed25519).
"""
READY: Final = "Копия готова. Скачайте её в кабинете: она хранится тридцать дней."


async def export(work: Work) -> None:
    """Make a copy, seal it, and answer the appeal that asked for it; done again, it replaces what it left."""
    app, task = work.app, work.task
    tables: dict[str, list[dict[str, Any]]] = {}
    names = whole.tables()
    for number, table in enumerate(names):
        async with app.store.snapshot() as snapshot:
            tables[str(table.__tablename__)] = await whole.rows(snapshot, table, task.patient_id)
        if number % 5 == 0:
            await work.progress(int(90 * number / len(names)))
    files = await asyncio.to_thread(_files, tables)
    manifest = "\n".join([MANIFEST, f"patient {task.patient_id}", *_sums(files)]) + "\n"
    files["manifest.txt"] = (await signer(app)).sign(manifest).encode()
    archive = await asyncio.to_thread(_zipped, files)
    async with app.store.begin(ids=len(archive) // exports.PART + 200) as tx:
        if not await tasks.beat(tx, task, 95):
            raise TaskLost
        await exports.write(tx, task.patient_id, task.id, archive)
        found = await appeals.of_task(tx, task.id)
        if found is not None and found[0].state == AppealState.OPEN:
            row, body = found
            row.state, row.closed_at = AppealState.GRANTED.value, tx.now
            await tx.reseal(row, AppealBody(body.text, READY, body.extended_because))


async def fetch(call: Call, *, patient_id: int, task_id: int) -> bytes:
    """Return a copy's archive to those who may read everything in it; recorded before it leaves.

    Raises:
        NotSignedIn: the session is over.
        StepUpNeeded: a second factor must be shown first.
        NotFound: there is no such copy that the viewer may know of, or it isn't ready.
        Forbidden: the viewer may not read all that is in it.
    """
    rights = None
    try:
        async with call.app.store.snapshot() as snapshot:
            viewer = await sessions.viewer(snapshot, call.token_hash) if call.token_hash else None
            if viewer is None:
                raise NotSignedIn
            if not viewer.proved(snapshot.now):
                raise StepUpNeeded(suggestion=STEP_UP)
            rights = Rights(viewer, await access.facts(snapshot, viewer, [patient_id]), snapshot.now)
            _require(rights, patient_id)
            task = await tasks.by_id(snapshot, task_id)
            if task is None or task.patient_id != patient_id or task.state != TaskState.DONE:
                raise NotFound
            archive = await exports.read(snapshot, patient_id, task_id)
            if not archive:
                raise NotFound
    except Refusal as refusal:
        entry = AuditEntry(AuditAction.DOWNLOAD, Outcome.REFUSED, patient_id, reason=refusal.code)
        await call.app.audit.recorded([entry], call.origin(rights.viewer if rights else None))
        raise
    entry = AuditEntry(
        AuditAction.DOWNLOAD,
        patient_id=patient_id,
        categories=tuple(sorted(Category)),
        subject_id=task_id,
        ground=rights.ground(patient_id),
    )
    await call.app.audit.recorded([entry], call.origin(rights.viewer))
    return archive


def _require(rights: Rights, patient_id: int) -> None:
    """Check every permission to read; an archive can't be opened in part."""
    for permission in Permission:
        if permission.value.startswith("READ_") or permission is Permission.APPEAL:
            decision = rights.decide(permission, patient_id)
            if not decision.allowed:
                raise Forbidden if decision.known else NotFound


def _files(tables: Mapping[str, Sequence[dict[str, Any]]]) -> dict[str, bytes]:
    files = {"README.txt": README.encode()}
    whole_text = json.dumps(tables, default=_plain, ensure_ascii=False, indent=1, sort_keys=True)
    files["data.json"] = whole_text.encode()
    for name, rows in tables.items():
        if rows:
            files[f"tables/{name}.csv"] = _csv(rows)
    return files


def _csv(rows: Sequence[dict[str, Any]]) -> bytes:
    """Return a table for spreadsheets: UTF-8 with a mark, semicolons, nothing that would run as a formula."""
    out = io.StringIO()
    columns = list(rows[0])
    writer = csv.writer(out, delimiter=";")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row[column]) for column in columns])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _cell(value: Any) -> str:
    text = "" if value is None else value if isinstance(value, str) else json.dumps(value, default=_plain)
    text = text.strip('"') if not isinstance(value, str | list | dict) else text
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") and isinstance(value, str) else text


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, msgspec.Struct):
        return msgspec.structs.asdict(value)
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    raise TypeError(type(value).__name__)


def _sums(files: Mapping[str, bytes]) -> list[str]:
    return [f"{hashlib.sha256(content).hexdigest()}  {name}" for name, content in sorted(files.items())]


def _zipped(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content)
    return out.getvalue()
