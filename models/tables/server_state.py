"""The few facts about this server as a whole: its epoch, how far a backup reaches, and so on."""

from sqlmodel import Field, SQLModel


class ServerState(SQLModel, table=True):
    """One named fact."""

    __tablename__ = "server_state"

    key: str = Field(primary_key=True, max_length=64)
    value: str
