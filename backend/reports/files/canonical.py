"""Encodings whose bytes depend on the content alone: canonical JSON and zip archives."""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from typing import Any


def canonical_json(content: Any) -> bytes:
    """Encode JSON with sorted keys, without blanks or escaped letters, as UTF-8."""
    text = json.dumps(
        content, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
    )
    return text.encode()


def digest(content: bytes) -> str:
    """Return the SHA-256 of bytes in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


# The earliest time that a zip archive can store.
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


def zip_files(files: Mapping[str, bytes]) -> bytes:
    """Return files as a zip archive, in the order given, without times."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name, ZIP_EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return out.getvalue()


def remove_times(archive: bytes) -> bytes:
    """Return the same archive without the times of its members."""
    with zipfile.ZipFile(io.BytesIO(archive)) as source:
        names: Iterable[str] = source.namelist()
        return zip_files({name: source.read(name) for name in names})
