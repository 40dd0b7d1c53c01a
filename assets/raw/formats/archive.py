"""A zip archive with one file in it, as market operators send metering data."""

from __future__ import annotations

import io
import zipfile
import zlib

from assets.raw.refused import Refused

# A day of half-hours takes about 300 bytes: this is some thousand meters for a year. More is taken for a zip bomb.
LARGEST = 512 * 2**20


def only_member(data: bytes) -> tuple[bytes, str]:
    """Content and name of the one file in an archive; Refused for another number of files, and for one that unpacks too large."""
    if not data.startswith(b"PK"):
        raise Refused("Not a zip archive, though it is named .zip.", "文件名为 .zip,内容却不是 zip 压缩包。")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [info for info in archive.infolist() if not info.is_dir()]
            if len(members) != 1:
                names = ", ".join(info.filename for info in members[:5]) or "none"
                raise Refused(
                    f"The zip holds {len(members)} files ({names}); it must hold exactly one. Drop them one by one.",
                    f"zip 中有 {len(members)} 个文件({names});只能包含一个文件,请逐个放入。",
                )
            (member,) = members
            with archive.open(member) as handle:
                content = handle.read(LARGEST + 1)
    except RuntimeError as error:  # how zipfile reports a password
        raise Refused(f"The zip can't be opened: {error}.", f"zip 无法打开:{error}。") from None
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, zlib.error) as error:
        raise Refused(f"The zip is truncated or damaged ({error}). Copy it again.", f"zip 不完整或已损坏({error})。请重新复制。") from None
    if len(content) > LARGEST:
        raise Refused(
            f"{member.filename} unpacks to more than {LARGEST // 2**20} MiB. Split it, or drop it unpacked.",
            f"{member.filename} 解压后超过 {LARGEST // 2**20} MiB。请拆分,或解压后放入。",
        )
    return content, member.filename
