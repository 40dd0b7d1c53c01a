"""``gci pack``: the evidence pack of a site-month."""

from __future__ import annotations

from pathlib import Path

import click

from pipelines.cli import lookup
from pipelines.cli.options import format_option, home_option, open_home, print_json
from resources.digest import digest_file
from resources.errors import UsageError


@click.command()
@click.argument("site")
@click.argument("month")
@click.option("--revision", type=click.IntRange(1), metavar="N", help="This final revision; default: the newest.")
@click.option("--to", "target", type=click.Path(path_type=Path), metavar="FILE", help="Where to; default: reports/packs/ of the home.")
@home_option
@format_option
def pack(site: str, month: str, revision: int | None, target: Path | None, root: str, output: str) -> int:
    """Write the evidence pack of a SITE in a MONTH: a zip with numbers, inputs, log and documents, and a script that recomputes it.

    Whoever gets it needs Python alone. A month that is not final makes a pack that says so.
    """
    from assets.reports.evidence_pack.contents import write_pack

    home = open_home(root)
    lookup.check_site(home, site, month)
    payload = lookup.result_payload(home, site, month, "ttm", revision)
    label = f"r{payload['final']['number']}" if "final" in payload else payload["state"]
    if target is None:
        target = home.reports / "packs" / f"{site}-{month}-{label}.zip"
        target.parent.mkdir(parents=True, exist_ok=True)
    elif target.suffix.lower() != ".zip" or not target.parent.is_dir():
        raise UsageError(f"--to {target} is no .zip file in an existing folder. Name it {target.stem}.zip, in a folder that is there.")
    inputs = write_pack(home, payload, target)
    left = [item for item in inputs if not item.included]
    if output == "json":
        said = {"file": str(target), "digest": digest_file(target), "state": payload["state"], "revision": payload["revision"]}
        print_json({**said, "inputs": [vars(item) for item in inputs]})
        return 0
    click.echo(f"{target} ({target.stat().st_size:,} bytes, {digest_file(target)})")
    click.echo(f"{len(inputs)} input files, {len(left)} of them by digest alone. 原始文件 {len(inputs)} 个,其中 {len(left)} 个仅列摘要。")
    if "final" not in payload:
        click.echo("Not final: no entry of the log vouches for these numbers. 未定稿,仅供参考。")
    click.echo("Check it 核对: unpack it, then 'python3 recompute.py'.")
    return 0
