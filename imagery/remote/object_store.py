"""Object stores with the interface of S3, through s3fs.

Credentials are those of the usual places: the environment, ~/.aws, the role of the machine. None passes through here.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import aiohttp
import s3fs
from botocore import exceptions as boto
from fsspec.asyn import sync

from pitscape.imagery.errors import InputError, PitscapeError
from pitscape.imagery.remote.gdal_network import make_ready
from pitscape.imagery.remote.path import RemotePath
from pitscape.imagery.remote.store import CONNECT_S, READ_S, TRIES, DeniedError, Stored, TakenError, UnreachableError

UPLOAD_PART = 1 << 23
"""Larger files are put in parts of at least this many bytes, and appear when all are there."""

UPLOADS = 4
MOST_DELETED = 1000
"""At once, as S3 takes them."""

CONFLICTS = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412"})
NOT_REACHED = (boto.BotoCoreError, aiohttp.ClientError, TimeoutError, OSError)
BROKEN_SETTINGS = (ValueError, boto.ConfigNotFound, boto.ConfigParseError, boto.NoRegionError)
"""Of an endpoint, a region or a file that is none."""

CREDENTIALS = (
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.CredentialRetrievalError,
    boto.ProfileNotFound,
    boto.TokenRetrievalError,
    boto.UnauthorizedSSOTokenError,
)


class ObjectStore:
    """Objects in buckets; any thread may ask it."""

    def __init__(self, files: s3fs.S3FileSystem) -> None:
        self._files = files

    def look(self, path: RemotePath) -> Stored | None:
        """What is told of an object; None where there is none."""
        if not _key(path):
            return None
        try:
            told = self._ask(path, "head_object", Key=_key(path))
        except FileNotFoundError:
            return None
        return Stored(told["ContentLength"], told.get("ETag", ""), told.get("VersionId", ""), str(told["LastModified"]))

    def read(self, path: RemotePath, start: int = 0, stop: int | None = None) -> bytes:
        """The bytes ``start`` to ``stop`` (excluded) of an object; None: to its end."""
        part = {} if start == 0 and stop is None else {"Range": f"bytes={start}-{'' if stop is None else stop - 1}"}
        with _naming(path):
            for tries_left in reversed(range(TRIES)):
                reply = self._files.call_s3("get_object", Bucket=path.parts[1], Key=_key(path), **part)
                try:
                    content: bytes = sync(self._files.loop, reply["Body"].read)
                except (aiohttp.ClientError, boto.HTTPClientError, boto.IncompleteReadError, TimeoutError):
                    if not tries_left:
                        raise
                else:
                    return content
        raise AssertionError

    def is_folder(self, path: RemotePath) -> bool:
        """Whether there are objects below a name."""
        return bool(self._ask(path, "list_objects_v2", Prefix=_prefix(path), MaxKeys=1).get("KeyCount"))

    def names(self, path: RemotePath) -> list[str]:
        """Names of objects and folders in a folder."""
        prefix, found, more = _prefix(path), list[str](), dict[str, str]()
        while True:
            page = self._ask(path, "list_objects_v2", Prefix=prefix, Delimiter="/", **more)
            found += [each["Key"] for each in page.get("Contents", ())]
            found += [each["Prefix"].rstrip("/") for each in page.get("CommonPrefixes", ())]
            if not page.get("IsTruncated"):
                return sorted(name for key in found if (name := key[len(prefix) :]))
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def write(self, path: RemotePath, content: bytes, *, if_none: bool = False, if_etag: str = "") -> str:
        """Put an object whole; gives its ETag.

        Raises:
            TakenError: If ``if_none`` and there is one, or there is none of ``if_etag``.
        """
        when = ({"IfNoneMatch": "*"} if if_none else {}) | ({"IfMatch": if_etag} if if_etag else {})
        reply = self._ask(path, "put_object", Key=_key(path), Body=content, **when)
        return str(reply.get("ETag", ""))

    def upload(self, path: RemotePath, file: Path) -> None:
        """Put a local file whole, a large one in parts."""
        with _naming(path):
            where = "/".join(path.parts[1:])
            self._files.put_file(str(file), where, chunksize=UPLOAD_PART, max_concurrency=UPLOADS)

    def delete(self, paths: Sequence[RemotePath]) -> None:
        """Delete objects of one bucket, those that are there."""
        for first in range(0, len(paths), MOST_DELETED):
            some = paths[first : first + MOST_DELETED]
            listed = {"Objects": [{"Key": _key(each)} for each in some], "Quiet": True}
            reply = self._ask(some[0], "delete_objects", Delete=listed)
            if errors := reply.get("Errors"):
                raise DeniedError(
                    f"{some[0].parent / errors[0].get('Key', '?').rpartition('/')[2]}: may not be deleted."
                )

    def gdal_name(self, path: RemotePath) -> str:
        """The name by which GDAL reads an object."""
        with _naming(path):
            make_ready(endpoint=self._files.connect().meta.endpoint_url)
        return "/vsis3/" + "/".join(path.parts[1:])

    def _ask(self, path: RemotePath, method: str, **given: object) -> dict[str, Any]:
        with _naming(path):
            reply: dict[str, Any] = self._files.call_s3(method, Bucket=path.parts[1], **given)
        return reply


def object_store() -> ObjectStore:
    """The store that the environment names, by its credentials and ``AWS_ENDPOINT_URL``."""
    named = frozenset((name, value) for name, value in os.environ.items() if name.startswith("AWS_"))
    return _object_store(os.getpid(), named)


@lru_cache(maxsize=4)
def _object_store(_process: int, named: frozenset[tuple[str, str]]) -> ObjectStore:
    told = dict(named)
    retries = {} if "AWS_MAX_ATTEMPTS" in told else {"retries": {"mode": "standard", "total_max_attempts": TRIES}}
    files = s3fs.S3FileSystem(
        anon=told.get("AWS_NO_SIGN_REQUEST", "").upper() in {"YES", "TRUE", "1"},
        config_kwargs={"connect_timeout": CONNECT_S, "read_timeout": READ_S, **retries},
        use_listings_cache=False,
        skip_instance_cache=True,
    )
    files.retries = 1  # botocore's own are enough
    return ObjectStore(files)


def _key(path: RemotePath) -> str:
    return "/".join(path.parts[2:])


def _prefix(path: RemotePath) -> str:
    return _key(path) + "/" if _key(path) else ""


@contextmanager
def _naming(path: RemotePath) -> Iterator[None]:
    """Answer what goes wrong in one line that names the object, and nothing of the request."""
    try:
        yield
    except PitscapeError:
        raise
    except CREDENTIALS as error:
        raise DeniedError(
            f"{path}: no credentials were found ({type(error).__name__}); set AWS_PROFILE, or AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY, or AWS_NO_SIGN_REQUEST=YES for a public bucket."
        ) from None
    except BROKEN_SETTINGS as error:
        raise InputError(
            f"{path}: the settings for the store cannot be used ({type(error).__name__}); check AWS_ENDPOINT_URL, the region, "
            "the other AWS_ variables and ~/.aws/config."
        ) from None
    except FileNotFoundError as error:
        if _code(error) == "NoSuchBucket":
            raise InputError(f"{path}: there is no bucket {path.parts[1]}; check the name and the endpoint.") from None
        raise FileNotFoundError(str(path)) from None
    except PermissionError as error:
        raise DeniedError(
            f"{path}: access is denied ({_code(error)}); check the credentials and their rights."
        ) from None
    except NOT_REACHED as error:
        raise _failure(path, error) from None


def _failure(path: RemotePath, error: Exception) -> PitscapeError:
    code = _code(error)
    if code in CONFLICTS:
        return TakenError(f"{path}: was changed by another process.")
    if code == "InvalidToken":
        return DeniedError(f"{path}: access is denied ({code}); check AWS_SESSION_TOKEN.")
    if isinstance(error, boto.ParamValidationError) or code.startswith("Invalid"):
        return InputError(f"{path}: is no name of an object ({code}); give s3://BUCKET/KEY.")
    return UnreachableError(f"{path}: the store does not answer ({code}); check the network and run it again.")


def _code(error: BaseException) -> str:
    """What S3 calls an error, or what kind it is."""
    reply = getattr(error.__cause__, "response", None) or getattr(error, "response", None) or {}
    return str(reply.get("Error", {}).get("Code") or type(error).__name__)
