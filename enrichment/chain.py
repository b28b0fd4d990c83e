"""The chain: every provider is asked in order, and the first that knows what an address is decides.

Pure but for the providers' own data: the same address and providers give the same answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from enrichment.candidates import candidate_domains
from enrichment.combine import agree, combine, find_decisive, find_stance
from enrichment.kinds import NEVER_NAMED, ORGANISATIONS, Kind
from enrichment.providers.address import Address, parse_address
from enrichment.providers.base import Evidence, Provider


@dataclass(frozen=True, slots=True)
class Identified:
    """Whose an address is. `company` is a name one may show; `organisation` is who runs the network.

    `domain` is asserted by a source; `candidates` are only guesses for matching known companies.
    """

    address: str
    kind: Kind
    company: str = ""
    organisation: str = ""
    domain: str = ""
    candidates: tuple[str, ...] = ()
    confidence: float = 0.0
    country: str = ""
    network: str = ""
    asn: int = 0
    evidence: tuple[Evidence, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """One line of `doorbell identify --json`; only the kind company has a name in `company`."""
        return {
            "address": self.address,
            "kind": str(self.kind),
            "company": self.company if self.kind is Kind.COMPANY else None,
            "domain": (self.domain or None) if self.kind is Kind.COMPANY else None,
            "candidates": list(self.candidates) if self.kind is Kind.COMPANY else [],
            "confidence": round(self.confidence, 2),
            "evidence": self.evidence_json(),
        }

    def evidence_json(self) -> list[dict[str, Any]]:
        """The rows of evidence, each with its stance: for the answer, against it, or neither."""
        stances = zip(self.evidence, self.stances(), strict=True)
        return [row.as_json() | {"stance": stance} for row, stance in stances]

    def stances(self) -> list[str]:
        """For each row of evidence whether it speaks for the answer, against it, or neither."""
        decisive = find_decisive(self.evidence)
        return [str(find_stance(decisive, row)) for row in self.evidence]


def identify_address(text: str, providers: Iterable[Provider]) -> Identified:
    """Whose the address is, with all evidence. Raises ValueError if `text` is no address."""
    address = parse_address(text)
    return weigh(text.strip(), gather_evidence(address, providers))


def gather_evidence(address: Address, providers: Iterable[Provider]) -> tuple[Evidence, ...]:
    """What the providers say, in order; none is asked after one that must win over the rest."""
    rows = []
    for provider in providers:
        row = provider.lookup(address)
        if row is None:
            continue
        rows.append(row)
        if row.kind in NEVER_NAMED:
            break
    return tuple(rows)


def weigh(address: str, evidence: Sequence[Evidence]) -> Identified:
    """The answer that the evidence, in its order, adds up to."""
    decisive = find_decisive(evidence)
    facts = Identified(
        address,
        decisive.kind if decisive else Kind.UNKNOWN,
        organisation=_first(row.raw_name for row in evidence),
        confidence=combine(decisive, evidence) if decisive else 0.0,
        country=_country(evidence, decisive),
        network=_first(row.network for row in evidence),
        asn=next((row.asn for row in evidence if row.asn), 0),
        evidence=tuple(evidence),
    )
    if decisive is None or decisive.kind not in ORGANISATIONS:
        return facts
    return _named(facts, decisive)


def _named(facts: Identified, decisive: Evidence) -> Identified:
    """The same with the organisation's name and domains; without a name it stays unknown."""
    domains = _domains(decisive, facts.evidence)
    name = decisive.organisation or _first(domains)
    if not name:
        return replace(facts, kind=Kind.UNKNOWN, confidence=0.0)
    guesses = () if domains else candidate_domains(name, decisive.country, decisive.handle)
    return replace(facts, company=name, domain=_first(domains), candidates=domains[1:] or guesses)


def _first(values: Iterable[str]) -> str:
    return next((value for value in values if value), "")


def _country(evidence: Sequence[Evidence], decisive: Evidence | None) -> str:
    """An organisation is at home where its network is registered; anyone else is where the line is used."""
    if decisive is not None and decisive.kind in ORGANISATIONS and decisive.country:
        return decisive.country
    used_in = _first(row.country for row in evidence if row.basis == "maxmind-place")
    return used_in or _first(row.country for row in evidence)


def _domains(decisive: Evidence, evidence: Sequence[Evidence]) -> tuple[str, ...]:
    """The decisive row's domains, else those of a row that names the same organisation."""
    agreeing = (row.domains for row in evidence if row.domains and agree(decisive, row))
    return decisive.domains or next(agreeing, ())
