"""Fetch today's boundaries from the public repository that publishes them."""

import http.client
import shutil
import tarfile
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from .boundaries import digest, read, with_names
from .checks import Report, check
from .gazetteer import GazetteerUnit, load_units
from .polygons import BoundaryError

REPOSITORY = "thanglequoc/vietnamese-provinces-database"
COMMIT = "cd58063299585146ded3981f2272946ef19ced54"  # of 2026-08-02, whose content was checked

ATTEMPTS = 3
TIMEOUT_S = 60.0  # without a byte
CHUNK_BYTES = 1 << 20
MAX_DOWNLOAD_BYTES = 2 << 30  # the whole repository: many times what the polygons need
MAX_FILE_BYTES = 64 << 20  # the largest commune takes about 2 MB
MAX_TOTAL_BYTES = 4 << 30
MAX_FILES = 10_000  # 3,321 are expected

Progress = Callable[[int, int | None], None]
"""Called with the bytes so far and the total, None if the server does not state it."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A fetched set: its file, its digest and its check report."""

    path: Path
    digest: str
    report: Report


def tarball_url(base_url: str) -> str:
    """Return the address of the pinned commit's tarball under a base URL."""
    return f"{base_url.rstrip('/')}/{REPOSITORY}/tar.gz/{COMMIT}"


def fetch(
    base_url: str,
    folder: Path | str,
    progress: Progress | None = None,
    known: Sequence[GazetteerUnit] | None = None,
) -> Fetched:
    """Fetch the communes of 2025, check them and write them as one GeoParquet file.

    Parameters
    ----------
    base_url : str
        Host that serves ``/<owner>/<repository>/tar.gz/<commit>``, http or https.
    folder : path
        Where the file is written; created if missing. Nothing is left there on failure.
    progress : callable, optional
        Called with bytes so far and in total; from 0 again when the download is repeated.
    known : sequence of GazetteerUnit, optional
        The list to check the set against; that of 2025 if not given.

    Returns
    -------
    Fetched
        ``vn-2025-<first eight of the digest>.parquet``, EPSG:4326, columns as
        ``geo.boundaries.read`` and names from the list.

    Raises
    ------
    BoundaryError
        If three downloads fail, the tarball is unsafe, or its content differs from the list:
        other codes, problems of :func:`geo.checks.check`.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    units = load_units("2025") if known is None else known
    with tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-") as name:
        work = Path(name)
        _download(tarball_url(base_url), work / "tarball", progress or (lambda _now, _all: None))
        _extract(work / "tarball", work / "geojson")
        frame = with_names(read(work / "geojson"), units)
        report = check(frame, units)
        _refuse_other_content(report)
        stamp = digest(frame)
        target = folder / f"vn-2025-{stamp[:8]}.parquet"
        frame.attrs.clear()  # repairs are in the report
        frame.to_parquet(work / "set.parquet", compression="zstd", index=False)
        (work / "set.parquet").replace(target)
    return Fetched(target, stamp, report)


def _download(url: str, path: Path, progress: Progress) -> None:
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise BoundaryError(f"{url}: only http and https are fetched")
    reasons = []
    for _attempt in range(ATTEMPTS):
        try:
            _download_once(url, path, progress)
        except (OSError, http.client.HTTPException) as error:
            reasons.append(str(error) or type(error).__name__)
            if isinstance(error, urllib.error.HTTPError):
                error.close()  # the answer, which has a body
        else:
            return
    raise BoundaryError(f"{url}: not fetched in {ATTEMPTS} attempts ({'; '.join(reasons)})")


def _download_once(url: str, path: Path, progress: Progress) -> None:
    done = 0
    with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer, path.open("wb") as file:  # noqa: S310
        length = answer.headers.get("Content-Length")
        total = int(length) if length else None
        progress(0, total)
        while chunk := answer.read(CHUNK_BYTES):
            done += len(chunk)
            if done > MAX_DOWNLOAD_BYTES:
                raise BoundaryError(f"{url}: larger than {MAX_DOWNLOAD_BYTES:,} bytes")
            file.write(chunk)
            progress(done, total)
    if total is not None and done != total:
        raise OSError(f"{done:,} of {total:,} bytes came")


def _extract(tarball: Path, folder: Path) -> None:
    """Write the communes' GeoJSON files into one folder, under numbered names."""
    target = folder / "wards"
    target.mkdir(parents=True)
    total = count = 0
    try:
        with tarfile.open(tarball, "r|gz") as archive:
            for member in archive:
                if not _is_commune(member.name):
                    continue
                if not member.isfile():
                    raise BoundaryError(f"tarball: {member.name} is no ordinary file")
                count += 1
                total += member.size
                if member.size > MAX_FILE_BYTES or total > MAX_TOTAL_BYTES or count > MAX_FILES:
                    raise BoundaryError(f"tarball: more than expected at {member.name}")
                source = archive.extractfile(member)
                if source is not None:
                    with (target / f"{count:05d}.geojson").open("wb") as file:
                        shutil.copyfileobj(source, file)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise BoundaryError(f"tarball: cannot be unpacked ({error})") from error
    if not count:
        raise BoundaryError("tarball: has no json/geojson/<province>/wards/*.geojson")


def _is_commune(name: str) -> bool:
    """Return whether a member is <top>/json/geojson/<province>/wards/<file>.geojson."""
    parts = PurePosixPath(name).parts
    return (
        len(parts) == 6
        and parts[1:3] == ("json", "geojson")
        and parts[4] == "wards"
        and name.endswith(".geojson")
        and ".." not in parts
    )


def _refuse_other_content(report: Report) -> None:
    problems = list(report.problems)
    for codes, reason in ((report.missing, "missing"), (report.unknown, "not in the list")):
        if codes:
            problems.append(f"{len(codes)} communes {reason}, first {', '.join(codes[:5])}")
    if problems:
        raise BoundaryError(f"the fetched content differs from the list: {'; '.join(problems)}")
