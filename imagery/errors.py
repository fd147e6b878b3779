"""The errors that a user of pitscape can meet, each one line that says what to do."""


class PitscapeError(Exception):
    """A run that failed for a reason outside pitscape, told in one line."""

    exit_status = 1


class InputError(PitscapeError):
    """Wrong input or use: the message names the file or option, the value and the remedy."""

    exit_status = 2


class UnwrittenError(PitscapeError):
    """An output that was not written to its end, as the disk is full; what stood there before still does."""
