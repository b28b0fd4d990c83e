"""A rule read back as one plain sentence, in the reader's language. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from alerts import words
from alerts.conditions import Part
from alerts.specs import DEAL_OWNER, OWNER, Clause, RuleSpec, Send
from alerts.values import TextsKind

# Values stand between these two until the end; both are stripped from the values themselves.
_OPEN, _CLOSE = "\x02", "\x03"
_SPACES = "\u00a0\u202f"  # in numbers; not printable to Python, but wanted


@dataclass(frozen=True, slots=True)
class Names:
    """How channels and people are called: channel name to (kind, target), e-mail to name."""

    channels: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    users: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the sentence; pages show values in bold."""

    text: str
    is_value: bool


_SAY: Mapping[str, Mapping[str, str]] = {
    "en": {
        "subject": "When a company",
        "on_site": "is on the site",
        "and": "and",
        "guard": "we are at least {} sure who it is",
        "either": "either {}",
        "or": ", or ",
        "unless": ", unless {}",
        "tell": "tell {}",
        "nobody": "show it among the alerts",
        "owner": "the owner",
        "deal_owner": "the owner of the deal",
        "once": "at most once in {} per company",
        "every": "every time",
        "known": "that is identified",
        "not_known": "that is not identified",
        "is_known": "it is identified",
        "is_not_known": "it is not identified",
        "not_owned": "a product it does not own",
        "owned": "a product it owns",
        "by": "in {}",
    },
    "sv": {
        "subject": "När ett företag",
        "on_site": "är på webbplatsen",
        "and": "och",
        "guard": "vi är minst {} säkra på vem det är",
        "either": "antingen {}",
        "or": ", eller ",
        "unless": ", om inte {}",
        "tell": "skicka till {}",
        "nobody": "visa det bland aviseringarna",
        "owner": "ägaren",
        "deal_owner": "affärens ägare",
        "once": "högst en gång per {} och företag",
        "every": "varje gång",
        "known": "som är identifierat",
        "not_known": "som inte är identifierat",
        "is_known": "det är identifierat",
        "is_not_known": "det är inte identifierat",
        "not_owned": "en produkt det inte äger",
        "owned": "en produkt det äger",
        "by": "i {}",
    },
}


def read_back(rule: RuleSpec, names: Names | None = None, locale: str = "en") -> str:
    """The rule as one sentence."""
    return "".join(piece.text for piece in read_back_pieces(rule, names, locale))


def read_back_pieces(rule: RuleSpec, names: Names | None = None, locale: str = "en") -> list[Piece]:
    """The same sentence in stretches, values apart."""
    sentence = _sentence(rule, names or Names(), words.language(locale))
    pieces = re.split(f"({_OPEN}[^{_CLOSE}]*{_CLOSE})", sentence)
    return [Piece(text.strip(_OPEN + _CLOSE), text.startswith(_OPEN)) for text in pieces if text]


def _sentence(rule: RuleSpec, names: Names, lang: str) -> str:
    say = _SAY[lang]
    subject = ", ".join(_inside(clause, lang) for clause in _of(rule.when, Part.SUBJECT))
    happening = f" {say['and']} ".join(_inside(clause, lang) for clause in _of(rule.when, Part.HAPPENING))
    parts = [f"{say['subject']}{' ' * bool(subject)}{subject} {happening or say['on_site']}"]
    parts += [_either(group, lang) for group in rule.any]
    # Of a company that is not known nobody need be sure: such an alert is about a known person.
    if rule.own_confidence or Clause("company", False) not in rule.when:
        parts += [_guard(rule, lang)]
    unless = say["unless"].format(_clauses(rule.unless, lang)) if rule.unless else ""
    said = f", {say['and']} ".join(parts)
    return f"{said}{unless}: {_sending(rule.send, names, lang)}, {_repeat(rule, lang)}."


def _of(clauses: Sequence[Clause], part: Part) -> list[Clause]:
    return [clause for clause in clauses if clause.condition.part == part]


def _inside(clause: Clause, lang: str) -> str:
    if clause.key == "company":
        return _SAY[lang]["known" if clause.value else "not_known"]
    return _filled(clause.condition.phrases[lang].inside, clause, lang)


def _alone(clause: Clause, lang: str) -> str:
    if clause.key == "company":
        return _SAY[lang]["is_known" if clause.value else "is_not_known"]
    return _filled(clause.condition.phrases[lang].clause, clause, lang)


def _filled(template: str, clause: Clause, lang: str) -> str:
    if clause.key == "product" and clause.value[0] in ("owned", "not_owned"):
        return template.format(_SAY[lang][clause.value[0]])
    shown = [_marked(text) for text in _shown(clause, lang)]
    if template.count("{}") == 1:
        return template.format(words.or_list(shown, lang))
    return template.format(*shown)


def _shown(clause: Clause, lang: str) -> list[str]:
    shown = clause.condition.show(clause.value, lang)
    return [_quoted(text) for text in shown] if isinstance(clause.condition.kind, TextsKind) else shown


def _marked(text: str) -> str:
    return f"{_OPEN}{''.join(char for char in text if char.isprintable() or char in _SPACES)}{_CLOSE}"


def _quoted(text: str) -> str:
    """A name that could be read as part of the sentence stands in quotation marks."""
    odd = re.search(r"[,;:.\"“”']|\b(or|eller|and|och|unless|in|at)\b", text)
    return f"“{text.replace('“', '').replace('”', '')}”" if odd and not text.isupper() else text


def _clauses(clauses: Sequence[Clause], lang: str) -> str:
    return _SAY[lang]["or"].join(_alone(clause, lang) for clause in clauses)


def _either(group: Sequence[Clause], lang: str) -> str:
    said = _clauses(group, lang)
    return _SAY[lang]["either"].format(said) if len(group) > 1 else said


def _guard(rule: RuleSpec, lang: str) -> str:
    own = _of(rule.when, Part.GUARD)
    if own:
        return _inside(own[0], lang)
    return _SAY[lang]["guard"].format(_marked(words.per_cent(80, lang)))


def _sending(send: Sequence[Send], names: Names, lang: str) -> str:
    if not send:
        return _SAY[lang]["nobody"]
    return _SAY[lang]["tell"].format(words.and_list([_told(one, names, lang) for one in send], lang))


def _told(one: Send, names: Names, lang: str) -> str:
    kind, target = names.channels.get(one.channel, ("", ""))
    where = words.say(words.CHANNEL_KINDS[kind], lang) if kind in words.CHANNEL_KINDS else ""
    same_kind = sum(known == kind for known, _ in names.channels.values())
    channel = _marked(_quoted(one.channel))
    if not where:
        where, apart = _SAY[lang]["by"].format(channel), ""
    else:
        apart = f" ({channel})" if same_kind > 1 else ""
    return f"{_whom(one, target, names, lang)} {where}{apart}".strip()


def _whom(one: Send, target: str, names: Names, lang: str) -> str:
    if one.to in (OWNER, DEAL_OWNER):
        return _SAY[lang][one.to]
    if not one.to:
        return _marked(target) if target else _marked("all" if lang == "en" else "alla")
    name = names.users.get(one.to, "")
    return _marked(f"{name} ({one.to})" if name else one.to)


def _repeat(rule: RuleSpec, lang: str) -> str:
    if not rule.repeat_after:
        return _SAY[lang]["every"]
    return _SAY[lang]["once"].format(_marked(words.exact_span(rule.repeat_after, lang)))
