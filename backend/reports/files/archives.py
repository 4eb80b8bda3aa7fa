"""Zip archives whose bytes depend on their content alone."""

import io
import zipfile
from collections.abc import Iterable, Mapping

# The first day that a zip archive can tell.
LONG_AGO = (1980, 1, 1, 0, 0, 0)


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Files as a zip archive, in their order, without times."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name, LONG_AGO)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return out.getvalue()


def timeless(archive: bytes) -> bytes:
    """The same archive without the times at which it was written."""
    with zipfile.ZipFile(io.BytesIO(archive)) as held:
        names: Iterable[str] = held.namelist()
        return zipped({name: held.read(name) for name in names})
