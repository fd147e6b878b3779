"""Fields of a protobuf message, found in its bytes without copying them.

A field says its number and how long it is in one of four ways (Protocol Buffers, *Encoding*). What is skipped is never
touched, so that the weights of a mapped file stay on disk.
"""

from collections.abc import Iterator
from dataclasses import dataclass

VARINT, FIXED_64, DELIMITED, FIXED_32 = 0, 1, 2, 5
WIDTHS = {FIXED_64: 8, FIXED_32: 4}
MOST_VARINT_BYTES = 10


class DamagedMessageError(ValueError):
    """Bytes that are no whole protobuf message."""


@dataclass(frozen=True)
class Field:
    """One field of a message.

    Attributes:
        number: Which field it is.
        value: Of a varint; 0 for other kinds.
        content: Of a field that has a length; None for other kinds.
    """

    number: int
    value: int
    content: memoryview | None

    @property
    def message(self) -> memoryview:
        """Its bytes, which are a message, too.

        Raises:
            DamagedMessageError: If it is a number.
        """
        if self.content is None:
            raise DamagedMessageError(f"field {self.number} is a number")
        return self.content

    @property
    def text(self) -> str:
        """Its bytes as text.

        Raises:
            DamagedMessageError: If it is a number, or no UTF-8.
        """
        try:
            return bytes(self.message).decode()
        except UnicodeDecodeError as error:
            raise DamagedMessageError(f"field {self.number} is no text") from error


def fields(message: memoryview) -> Iterator[Field]:
    r"""The fields of a message, in order.

    Raises:
        DamagedMessageError: If a field has no number, no known kind, or reaches beyond the end.

    >>> [(field.number, field.value or field.text) for field in fields(memoryview(b"\x08\x96\x01\x12\x02hi"))]
    [(1, 150), (2, 'hi')]
    """
    at, end = 0, len(message)
    while at < end:
        key, at = _varint(message, at)
        number, kind = key >> 3, key & 7
        if not number:
            raise DamagedMessageError("a field has the number 0")
        if kind == VARINT:
            value, at = _varint(message, at)
            yield Field(number, value, None)
            continue
        if kind == DELIMITED:
            length, at = _varint(message, at)
        elif kind in WIDTHS:
            length = WIDTHS[kind]
        else:
            raise DamagedMessageError(f"field {number} is of kind {kind}, which there is not")
        if length > end - at:
            raise DamagedMessageError(f"field {number} says that it has {length} bytes, {end - at} are there")
        yield Field(number, 0, message[at : at + length] if kind == DELIMITED else None)
        at += length


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """A number of seven bits to the byte, least first, and where it ends."""
    value = 0
    for place in range(MOST_VARINT_BYTES):
        if at + place >= len(message):
            break
        byte = message[at + place]
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value, at + place + 1
    raise DamagedMessageError("a number has no end")
