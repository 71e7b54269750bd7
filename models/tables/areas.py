"""The tree of areas: province, kabupaten, kecamatan, village."""

from sqlmodel import Field, SQLModel


class Wilayah(SQLModel, table=True):
    """One area. `kode` is Kemendagri's code without dots, so a prefix is an ancestor."""

    __tablename__ = "wilayah"

    kode: str = Field(primary_key=True, max_length=10)
    nama: str
    tingkat: str
    """`provinsi`, `kabupaten`, `kota`, `kecamatan`, `desa` or `kelurahan`."""
    induk: str | None = Field(default=None, index=True, max_length=10)
    kode_bps: str | None = None
    """The statistics office numbers the same areas differently."""
    nama_lain: str | None = None
    """Other spellings met in lists, separated by `;`."""
