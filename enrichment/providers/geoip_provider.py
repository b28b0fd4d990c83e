"""What all providers over GeoIP2 databases share: choosing the file and the reader's method."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from enrichment.providers.address import Address
from enrichment.providers.base import Evidence, Sources
from enrichment.providers.geoip_files import GeoipFile, GeoipFolder
from enrichment.providers.swaps import BROKEN


class GeoipProvider(ABC):
    """A source in GeoIP2 files. `METHODS`: edition (its beginning) to the reader's method, best first."""

    METHODS: ClassVar[Mapping[str, str]]

    def __init__(self, folder: GeoipFolder) -> None:
        self.folder = folder

    @classmethod
    def open(cls, sources: Sources) -> Self:
        return cls(sources.geoip)

    def lookup(self, address: Address) -> Evidence | None:
        file = self.folder.newest(*self.METHODS)
        if file is None:
            return None
        method = next(method for start, method in self.METHODS.items() if file.edition.startswith(start))
        answer = file.ask(method, address)
        if answer is None:
            return None
        try:
            return self.read(file, answer)
        except BROKEN as error:
            # A number where a name should be, for one: damage that the decoder did not notice.
            file.refuse(error)
            return None

    def refresh(self) -> bool:
        return self.folder.refresh()

    @abstractmethod
    def read(self, file: GeoipFile, answer: Any) -> Evidence | None:
        """What the file's answer says."""
