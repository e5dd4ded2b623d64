"""Datasets from Kaggle, through its official client and with the user's own credentials.

Invariants: a download that was cut short is kept beside the target, and the next call goes on from there; where nothing
came, nothing is left; the archive is unpacked by `archive`, which writes nothing outside the target; the target appears
whole or not at all. Nothing is fetched that was not asked for by name.
"""

import contextlib
import io
import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from curate.errors import ConfigError, CurateError, MissingExtraError, SourceError
from curate.sources import archive
from curate.sources.address import on_this_machine
from curate.storage.atomic import explained, refuse_in_use

SCHEME = "kaggle:"
WHERE = (
    "make a token at kaggle.com/settings and save it as ~/.kaggle/access_token or in KAGGLE_API_TOKEN "
    "(an older kaggle.json in ~/.kaggle, or KAGGLE_USERNAME and KAGGLE_KEY, will do too)"
)
_NAME = re.compile(r"[\w.-]+/[\w.-]+")


def fetch(source: str, destination: str | Path) -> Path:
    """Download `kaggle:OWNER/DATASET` and unpack it as `destination`, a folder that does not exist yet.

    Raises `CurateError` in one line where the name, the credentials, the network or the archive is at fault.

    >>> curate.fetch("kaggle:msambare/fer2013", "fer2013")  # doctest: +SKIP
    PosixPath('fer2013')
    """
    name = str(source).removeprefix(SCHEME)
    if not str(source).startswith(SCHEME) or not _NAME.fullmatch(name):
        raise ConfigError(f"{source!r} is not a dataset; write kaggle:OWNER/DATASET, as in its address on kaggle.com")
    target = on_this_machine(destination, "a dataset", "destination")
    refuse_in_use(target)
    waiting = target.with_name(f".{target.name}.download")
    with _gone_if_empty(waiting):
        packed = _download(name, waiting)
        unpacked = archive.unpack(packed, waiting / "unpacked")
        with explained(target):
            if target.exists():
                target.rmdir()
            unpacked.replace(target)
        shutil.rmtree(waiting)
    return target


@contextlib.contextmanager
def _gone_if_empty(folder: Path) -> Iterator[None]:
    """Make a folder, and remove it and those above it that had to be made if they end empty."""
    made = [path for path in (folder, *folder.parents) if not path.exists()] or [folder]
    try:
        with explained(folder):
            folder.mkdir(parents=True, exist_ok=True)
        yield
    finally:
        for path in made:
            with contextlib.suppress(OSError):
                path.rmdir()


def _download(name: str, folder: Path) -> Path:
    """Download the archive of a dataset; one that was begun is finished."""
    chatter = io.StringIO()  # the client prints its advice, which is not ours to print
    with contextlib.redirect_stdout(chatter):
        client = _client()
        requests = _requests()
        try:
            client.dataset_download_files(name, path=str(folder), quiet=True, unzip=False)
        except requests.HTTPError as error:
            raise _refused(name, error) from error
        except requests.RequestException as error:
            raise SourceError(
                f"kaggle:{name}: the connection failed ({type(error).__name__}); run the same command again to go on"
            ) from error
    packed = folder / f"{name.split('/')[1]}.zip"
    if not packed.is_file() or not zipfile.is_zipfile(packed):
        packed.unlink(missing_ok=True)
        raise SourceError(f"kaggle:{name}: what came is no ZIP archive; run the same command again")
    return packed


def _client() -> Any:
    try:
        from kaggle.api.kaggle_api_extended import KaggleApi
    except ImportError as error:
        raise MissingExtraError('fetching needs one more package: pip install "imagecurate[kaggle]"') from error
    requests = _requests()
    client = KaggleApi()
    try:
        client.authenticate()
    except SystemExit as error:  # the client's way to say that there are no credentials
        raise ConfigError(f"Kaggle wants to know who asks: {WHERE}") from error
    except (ValueError, requests.RequestException) as error:
        raise ConfigError(f"the Kaggle credentials cannot be used ({_one_line(error)}): {WHERE}") from error
    return client


def _requests() -> Any:
    import requests  # comes with the client

    return requests


def _refused(name: str, error: Any) -> CurateError:
    status = error.response.status_code if error.response is not None else 0
    if status == 401:
        return ConfigError(f"Kaggle does not accept the credentials: {WHERE}")
    if status == 403:
        return ConfigError(f"kaggle:{name} is not open to this account: accept its terms on kaggle.com, or {WHERE}")
    if status == 404:
        return SourceError(f"kaggle:{name} does not exist; write OWNER/DATASET as in its address on kaggle.com")
    return SourceError(f"kaggle:{name}: the server answered {status}; run the same command again later")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
