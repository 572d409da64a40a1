"""The one kind of error that is the user's to mend."""


class InputError(ValueError):
    """Something the user gave cannot be used: a file, a flag, a folder.

    The message is one sentence that names the thing, says what is wrong with it and what to do.
    The scripts print it and exit with status 1; library callers catch it as a `ValueError`.
    """
