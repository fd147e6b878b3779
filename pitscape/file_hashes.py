"""SHA-256 of files, kept with what the file system says of them so that large ones are read once."""

import hashlib
import json
from pathlib import Path

from pitscape.imagery.known_hashes import stamps_of
from pitscape.imagery.outputs import sha256_of, write_json


class FileHashes:
    """SHA-256 of files and folders.

    A file is read anew where its size, time of change or inode differ from what they were when it was read. Who changes
    a file and sets all three back has to forget what is kept.

    Paths stand in the store as their own hash, so that it can be given away.

    Args:
        store: JSON that holds what is known; one that cannot be read counts as empty.
    """

    def __init__(self, store: Path) -> None:
        self.store = store
        self._known: dict[str, list[object]] = {}
        try:
            found = json.loads(store.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return
        if isinstance(found, dict):
            self._known = found

    def of(self, path: Path) -> str:
        """The SHA-256 of a file or folder, as ``sha256_of`` has it."""
        name = hashlib.sha256(str(path.resolve()).encode()).hexdigest()
        stamp = [list(each) for each in stamps_of(path)]
        known = self._known.get(name)
        if known and known[0] == stamp:
            return str(known[1])
        digest = sha256_of(path)
        self._known[name] = [stamp, digest]
        return digest

    def save(self) -> None:
        """Keep what is known."""
        write_json(self.store, self._known)
