"""An SDK and command line that follow the Lokus sync protocol, offline first."""

from lokus_client.agreement import Agreement
from lokus_client.capturing import Queued
from lokus_client.environment import Environment
from lokus_client.errors import (
    ExchangeFailed,
    InvalidEdit,
    LokusError,
    LostAnswer,
    Mistake,
    NoProgress,
    NotCanonical,
    NotEnrolled,
    ServerBusy,
    ServerProblem,
    StoreFailed,
    StoreTooNew,
    UnknownRecord,
    Unreachable,
)
from lokus_client.overlay import RecordView
from lokus_client.phone import Phone
from lokus_client.rt_done import RtStatement
from lokus_client.status import Receipt, Review, Status, SyncReport
from lokus_client.troubles import Trouble

__version__ = "0.1.0"

__all__ = [
    "Agreement",
    "Environment",
    "ExchangeFailed",
    "InvalidEdit",
    "LokusError",
    "LostAnswer",
    "Mistake",
    "NoProgress",
    "NotCanonical",
    "NotEnrolled",
    "Phone",
    "Queued",
    "Receipt",
    "RecordView",
    "Review",
    "RtStatement",
    "ServerBusy",
    "ServerProblem",
    "Status",
    "StoreFailed",
    "StoreTooNew",
    "SyncReport",
    "Trouble",
    "UnknownRecord",
    "Unreachable",
    "__version__",
]
