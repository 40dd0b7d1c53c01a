"""``gci upgrade``: brings the ledger of an older home to the version of this code."""

from __future__ import annotations

import click

from pipelines.cli.options import home_option
from resources.home import Home


@click.command()
@home_option
def upgrade(root: str) -> int:
    """Bring an older home's ledger to this version: from which to which is said, and a copy of an SQLite ledger is kept beside it first."""
    from resources.migrations.upgrade import upgrade as upgrade_ledger

    home = Home.open(root)
    with home.writing("gci upgrade", upgrading=True):
        done = upgrade_ledger(home.ledger)
    if done is None:
        click.echo(f"There is no ledger in {home.root} yet; the first 'gci land' makes it. 尚无台账,无需升级。")
    elif done.before == done.after:
        click.echo(f"The ledger is at schema {done.after}, the newest; nothing to do. 台账已是最新版本 {done.after}。")
    else:
        kept = f"The older one is kept as {done.copy.name}." if done.copy else "Keep the server's own backup from before."
        click.echo(f"The ledger went from schema {done.before} to {done.after}. 台账结构已由 {done.before} 升级到 {done.after}。 {kept}")
    return 0
