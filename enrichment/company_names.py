"""Names of companies: what makes two of them the same."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from enrichment.text import clean_text

NAME_LIMIT = 200

# As they read after folding: "A/S" is "as", "S.p.A." is "spa", "Sp. z o.o." is "sp z oo".
LEGAL_FORMS = {
    "Nordic": (
        "ab, aktiebolag, aktiebolaget, publ, hb, handelsbolag, kb, kommanditbolag, ek for, "
        "ekonomisk forening, as, asa, aksjeselskap, allmennaksjeselskap, ans, aps, ivs, ks, aktieselskab, "
        "anpartsselskab, amba, fmba, smba, oy, oyj, abp, osakeyhtio, julkinen osakeyhtio, ky, tmi, osk, "
        "ehf, hf, ohf"
    ),
    "German-speaking": (
        "gmbh, mbh, ggmbh, gesmbh, ag, kg, kgaa, ohg, ug, ug haftungsbeschrankt, ev, eg, "
        "aktiengesellschaft, gesellschaft mit beschrankter haftung"
    ),
    "English-speaking": (
        "ltd, limited, plc, llp, lp, llc, inc, incorporated, corp, corporation, co, company, pte, pty, "
        "pvt, private, pllc, bhd, sdn, cic, dac"
    ),
    "Latin": (
        "sa, sas, sasu, sarl, eurl, snc, sca, spa, srl, srls, sl, slu, sau, lda, ltda, sa de cv, "
        "s de rl de cv, societe anonyme, eireli"
    ),
    "Benelux": "bv, nv, vof, bvba, cvba, sprl, asbl, vzw",
    "Central and eastern Europe": (
        "sp z oo, spzoo, spolka z oo, sp j, sp k, sro, spol s ro, kft, zrt, nyrt, doo, ood, eood, jsc, "
        "pjsc, ojsc, uab, sia, ou, ooo, oao, zao, pao, ооо, оао, зао, пао, ао, тов"
    ),
    "Elsewhere": (
        "se, kk, kabushiki kaisha, anonim sirketi, ltd sti, tbk, "
        "株式会社, 有限会社, 有限公司, 股份有限公司, 주식회사"
    ),
}
# Those that also stand first: "AB Volvo", "Oy Karl Fazer Ab", "ООО Яндекс".
LEADING_FORMS = (
    "ab, aktiebolaget, telefonaktiebolaget, oy, as, uab, sia, ooo, oao, zao, pao, jsc, pt, ооо, "
    "оао, зао, пао, ао, тов, 株式会社, 有限会社, 주식회사"
)
_LAST = sorted(
    (tuple(form.split()) for forms in LEGAL_FORMS.values() for form in forms.split(", ")),
    key=len,
    reverse=True,
)
_FIRST = frozenset(LEADING_FORMS.split(", "))
# What may stand between a name and its form: "Meyer GmbH & Co. KG".
_JOINERS = frozenset({"and", "of"})
# Letters that Unicode does not take apart into a base letter and a mark.
_LETTERS = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})
_APOSTROPHES = re.compile(r"['’‘`´]")
_NOT_WORD = re.compile(r"[\W_]+")


@lru_cache(maxsize=10_000)
def name_key(name: str) -> str:
    """The name folded for comparing: no case, marks, punctuation or legal form; may be empty."""
    folded = _fold(clean_text(name))
    words = [word for part in folded.split() for word in _split_word(part)]
    return " ".join(_without_forms(words))[:NAME_LIMIT].rstrip()


def _fold(name: str) -> str:
    """Registries write Göteborg as GOTEBORG, so marks on letters must not tell two names apart."""
    apart = unicodedata.normalize("NFKD", name.casefold().translate(_LETTERS))
    bare = "".join(letter for letter in apart if not "\u0300" <= letter <= "\u036f")
    bare = _APOSTROPHES.sub("", unicodedata.normalize("NFKC", bare))
    return bare.replace("&", " and ").replace("+", " and ").replace(",", " ")


def _split_word(word: str) -> list[str]:
    """Short pieces between dots and slashes are one abbreviation (a/s, s.p.a.); others are words."""
    pieces = [piece for piece in re.split(r"[./]", word) if piece]
    if len(pieces) > 1 and all(len(piece) <= 2 and piece.isalnum() for piece in pieces):
        return ["".join(pieces)]
    return [piece for piece in _NOT_WORD.split(word) if piece]


def _without_forms(words: list[str]) -> list[str]:
    while (shorter := _one_form_less(words)) != words:
        words = shorter
    return words


def _one_form_less(words: list[str]) -> list[str]:
    """One form or joiner less at either end, but never nothing: a company may be called Co."""
    if len(words) > 1 and words[-1] in _JOINERS:
        return words[:-1]
    for form in _LAST:
        if len(form) < len(words) and tuple(words[-len(form) :]) == form:
            return words[: -len(form)]
    if len(words) > 1 and words[0] in _FIRST:
        return words[1:]
    return words
