"""Every error the program raises on purpose.

::

    CloudchamberError               message, hint (what to do), detail (for the curious)
    ├── Invalid                     the request makes no sense                       422
    │   └── KeyReused               a client key came again with another body        422
    ├── NotFound                    no such thing, or deleted                        404
    ├── Conflict                    true request, wrong moment                       409
    │   └── NothingToUndo           the undo (or redo) stack is empty                409
    ├── TooLarge                    more bytes than a limit allows                   413
    ├── Unauthorised                no or wrong token                                401
    ├── Forbidden                   cross-site request                               403
    ├── Unavailable                 the database or the broker does not answer       503
    │   └── StorageFull             no space left for the database                   507
    ├── UnsafeDatabase              refused at start, the cure is in the hint
    └── JobError                    a job failed for a reason a physicist understands

Everything else that escapes is a bug: HTTP 500, without its text.
"""


class CloudchamberError(Exception):
    """Base of the tree.

    Parameters
    ----------
    message : str
        One sentence, shown as it is.
    hint : str, optional
        What the reader can do about it.
    detail : str, optional
        Longer text, such as the tail of a traceback; never sent by the API without a job.
    """

    code = "error"
    status = 500

    def __init__(self, message: str, *, hint: str = "", detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.detail = detail


class Invalid(CloudchamberError):
    code = "invalid"
    status = 422


class KeyReused(Invalid):
    code = "key_reused"


class NotFound(CloudchamberError):
    code = "not_found"
    status = 404


class Conflict(CloudchamberError):
    code = "conflict"
    status = 409


class NothingToUndo(Conflict):
    code = "nothing_to_undo"


class TooLarge(CloudchamberError):
    code = "too_large"
    status = 413


class Unauthorised(CloudchamberError):
    code = "unauthorised"
    status = 401


class Forbidden(CloudchamberError):
    code = "forbidden"
    status = 403


class Unavailable(CloudchamberError):
    code = "unavailable"
    status = 503


class StorageFull(Unavailable):
    code = "storage_full"
    status = 507


class UnsafeDatabase(CloudchamberError):
    code = "unsafe_database"


class JobError(CloudchamberError):
    code = "job_failed"
