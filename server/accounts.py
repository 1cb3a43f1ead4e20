"""The command that opens an account of staff or of a partner: how the first administrator gets in."""

import asyncio
import secrets
from typing import Annotated

import typer

from actions import registry
from actions.registry import Account
from domain.accounts import Role
from persistence import organizations
from persistence.organizations import OrganizationRow
from persistence.store import Transaction
from security.passwords import Passwords
from security.totp import new_secret, provisioning_uri
from server.settings import Settings
from server.wiring import opened

KINDS = {Role.LABORATORY: "LABORATORY", Role.INSURER: "INSURER"}


def make_account(
    login: Annotated[str, typer.Argument(help="phone or e-mail that it signs in by")],
    role: Annotated[Role, typer.Option(help="what it does")],
    organization: Annotated[str, typer.Option(help="where it does so: an organization's name, made if it is new")],
    name: Annotated[str, typer.Option(help="what others see it called")] = "",
) -> None:
    """Open an account with a role at an organization; its password and its second factor are told once."""
    password = secrets.token_urlsafe(12)
    secret = asyncio.run(_made(login, role, organization, name or login, password))
    typer.echo(f"password  {password}\nauthenticator  {provisioning_uri(secret, login, 'Medkabinet')}")


async def _made(login: str, role: Role, organization: str, name: str, password: str) -> str:
    passwords, secret = Passwords(), new_secret()
    hashed = await passwords.hash(password)
    passwords.close()
    async with opened(Settings.of_environment()) as store, store.begin() as tx:
        place = await _place(tx, organization, KINDS.get(role, "CLINIC"))
        account_id = await registry.add_account(tx, Account(name, [login], hashed, secret))
        await registry.grant_role(tx, account_id, role, place)
    return secret


async def _place(tx: Transaction, name: str, kind: str) -> int:
    """Return the organization of that name, adding it if there is none."""
    found = await organizations.by_name(tx, name)
    if found is not None:
        return int(found.id)
    row = OrganizationRow(id=tx.new_id(), kind=kind, name=name)
    await tx.insert(row)
    return row.id
