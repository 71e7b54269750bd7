"""What an installation may choose, and how it learns that it chose wrongly."""

import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from threading import Barrier

import pytest
from pydantic import ValidationError

from api.secret import SECRET_BYTES, load_secret
from api.settings import Settings, SettingsError

STARTERS = 8


def test_without_variables_everything_lies_under_var() -> None:
    settings = Settings.from_environment({})
    assert settings.database_url == "sqlite:///var/lokus.db"
    assert settings.secret_file == Path("var/secret")
    assert settings.zone.key == "Asia/Jakarta"


def test_the_database_and_the_secret_follow_the_data_folder(tmp_path: Path) -> None:
    settings = Settings.from_environment({"LOKUS_DATA_DIR": str(tmp_path)})
    assert settings.database_url == f"sqlite:///{tmp_path}/lokus.db"
    assert settings.secret_file == tmp_path / "secret"


def test_a_variable_sets_the_field_of_its_name() -> None:
    settings = Settings.from_environment(
        {
            "LOKUS_DATABASE_URL": "postgresql://lokus@db/lokus",
            "LOKUS_PUBLIC_URL": "https://lokus.example.id/",
            "LOKUS_THREADS_MAX": "4",
            "LOKUS_CAMPAIGN_START": "2026-10-01",
        }
    )
    assert settings.database_url == "postgresql://lokus@db/lokus"
    assert settings.public_url == "https://lokus.example.id"
    assert settings.threads_max == 4
    assert settings.campaign_start == date(2026, 10, 1)


def test_an_empty_variable_is_one_that_is_not_set() -> None:
    assert Settings.from_environment({"LOKUS_TIMEZONE": ""}).timezone == "Asia/Jakarta"


def test_variables_of_others_and_of_the_client_are_none_of_ours() -> None:
    Settings.from_environment({"PATH": "/bin", "LOKUS_CLIENT_STORE": "phone.db"})


def test_a_misspelt_variable_is_refused_with_the_right_one() -> None:
    with pytest.raises(SettingsError, match="did you mean LOKUS_DATABASE_URL"):
        Settings.from_environment({"LOKUS_DATABSE_URL": "postgresql://lokus@db/lokus"})


@pytest.mark.parametrize(
    ("variable", "value", "taught"),
    [
        ("LOKUS_THREADS_MAX", "many", "valid integer"),
        ("LOKUS_THREADS_MAX", "0", "greater than or equal to 1"),
        ("LOKUS_TIMEZONE", "Lampung", "for example Asia/Jakarta"),
        ("LOKUS_PUBLIC_URL", "lokus.example.id", "https://"),
        ("LOKUS_CAMPAIGN_START", "soon", "valid date"),
        ("LOKUS_DATABASE_URL", "mysql://lokus:rahasia@db/lokus", "write sqlite:///"),
        ("LOKUS_DATABASE_URL", "rahasia", "write sqlite:///"),
    ],
)
def test_a_wrong_value_is_explained_by_its_variable(variable: str, value: str, taught: str) -> None:
    with pytest.raises(SettingsError, match=taught) as refused:
        Settings.from_environment({variable: value})
    assert str(refused.value).startswith(f"{variable}: ")
    assert "rahasia" not in str(refused.value)


def test_settings_do_not_change_and_do_not_show_the_database_s_password() -> None:
    settings = Settings(database_url="postgresql://lokus:rahasia@db/lokus")
    assert "rahasia" not in repr(settings)
    with pytest.raises(ValidationError):
        settings.threads_max = 1


def test_the_secret_is_made_once_for_the_server_alone(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "var")
    assert len(settings.secret) == SECRET_BYTES
    assert Settings(data_dir=tmp_path / "var").secret == settings.secret
    assert stat.S_IMODE(settings.secret_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(settings.data_dir.stat().st_mode) == 0o700
    assert [path.name for path in settings.data_dir.iterdir()] == ["secret"]


def test_workers_that_start_together_agree_on_one_secret(tmp_path: Path) -> None:
    together = Barrier(STARTERS)

    def start(_worker: int) -> bytes:
        together.wait()
        return load_secret(tmp_path / "secret")

    with ThreadPoolExecutor(STARTERS) as threads:
        assert len(set(threads.map(start, range(STARTERS)))) == 1


@pytest.mark.parametrize("content", ["", "not hexadecimal", "abcd"])
def test_a_damaged_secret_is_not_replaced_but_explained(tmp_path: Path, content: str) -> None:
    path = tmp_path / "secret"
    path.write_text(content)
    with pytest.raises(ValueError, match="restore the file from the backup"):
        load_secret(path)
    assert path.read_text() == content
