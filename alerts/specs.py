"""A rule as a frozen value, and its ways from and to YAML, form and database row."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from alerts.conditions import CONDITIONS, Condition, Source
from alerts.models import Rule, RuleState
from alerts.values import PatternsKind, fold, parse_interval, plain_interval

OWNER = "owner"
DEAL_OWNER = "deal_owner"
KEYS = ("name", "state", "when", "any", "unless", "send", "repeat_after")
DEFAULT_REPEAT = timedelta(hours=24)
MAX_NAME = 200
MAX_GROUPS = 10
MAX_SENDS = 10


class RuleError(ValueError):
    """A rule cannot be understood: pairs of where (`when.stage`, `send.0.to`) and what would be right."""

    def __init__(self, errors: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{path}: {message}" for path, message in errors))
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Clause:
    """A condition with its value."""

    key: str
    value: Any

    @property
    def condition(self) -> Condition:
        return CONDITIONS[self.key]


@dataclass(frozen=True, slots=True)
class Send:
    """A channel, and whom in it: empty for the channel's own target, owner, deal_owner or an e-mail."""

    channel: str
    to: str = ""


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """A rule: all of `when`, one of each group in `any`, none of `unless`."""

    name: str
    when: tuple[Clause, ...] = ()
    any: tuple[tuple[Clause, ...], ...] = ()
    unless: tuple[Clause, ...] = ()
    send: tuple[Send, ...] = ()
    repeat_after: timedelta = DEFAULT_REPEAT
    state: str = RuleState.ON
    id: int = 0
    version: int = 1

    def clauses(self) -> Iterator[Clause]:
        """All clauses, exceptions included."""
        yield from self.when
        for group in self.any:
            yield from group
        yield from self.unless

    @property
    def own_confidence(self) -> bool:
        """Whether the rule says itself how sure we must be."""
        return any(clause.key == "confidence" for clause in self.when)

    def windows(self) -> frozenset[int]:
        """The numbers of days in which the rule counts visits or page views."""
        return frozenset(
            clause.value.days for clause in self.clauses() if clause.key in ("visits", "page_views")
        )


@dataclass(frozen=True, slots=True)
class Known:
    """Names that rules may use; a name that is not among them is an error in the rule."""

    page_groups: tuple[str, ...] = ()
    target_lists: tuple[str, ...] = ()
    products: tuple[str, ...] = ()

    def of(self, source: Source) -> tuple[str, ...]:
        return {
            Source.PAGE_GROUPS: self.page_groups,
            Source.TARGET_LISTS: self.target_lists,
            Source.PRODUCTS: self.products,
        }[source]


def parse_rule(data: Any, *, channels: Collection[str], known: Known | None = None) -> RuleSpec:
    """The rule in a map as YAML gives it. With `known`, names of groups, lists and products are checked too.

    Raises RuleError with every error at once.
    """
    return _RuleParser(channels, known).parse(data)


def plain_rule(rule: RuleSpec) -> dict[str, Any]:
    """The rule as YAML has it; parse_rule of it gives the same rule, but for id and version."""
    plain: dict[str, Any] = {"name": rule.name}
    if rule.state != RuleState.ON:
        plain["state"] = str(rule.state)
    plain["when"] = plain_clauses(rule.when)
    if rule.any:
        plain["any"] = [plain_clauses(group) for group in rule.any]
    if rule.unless:
        plain["unless"] = plain_clauses(rule.unless)
    plain["send"] = plain_send(rule.send)
    plain["repeat_after"] = plain_interval(rule.repeat_after)
    return plain


def plain_clauses(clauses: tuple[Clause, ...]) -> dict[str, Any]:
    return {clause.key: clause.condition.kind.plain(clause.value) for clause in clauses}


def plain_send(send: tuple[Send, ...]) -> list[dict[str, str]]:
    return [{"channel": one.channel} | ({"to": one.to} if one.to else {}) for one in send]


def fill_row(row: Rule, rule: RuleSpec) -> None:
    """Puts the rule into its row; version, times and author stay the caller's."""
    row.name = rule.name
    row.state = str(rule.state)
    row.when = plain_clauses(rule.when)
    row.any = [plain_clauses(group) for group in rule.any]
    row.unless = plain_clauses(rule.unless)
    row.send = plain_send(rule.send)
    row.repeat_after_seconds = int(rule.repeat_after.total_seconds())


def spec_of(row: Rule) -> RuleSpec:
    """The rule in a row. Raises RuleError when an older program wrote what we no longer know."""
    data = {"name": row.name, "state": row.state, "when": row.when, "any": row.any, "unless": row.unless}
    send = [one for one in row.send if isinstance(one, dict)]
    parsed = parse_rule(data | {"send": send}, channels=[str(one.get("channel")) for one in send])
    return RuleSpec(
        name=parsed.name,
        when=parsed.when,
        any=parsed.any,
        unless=parsed.unless,
        send=parsed.send,
        repeat_after=timedelta(seconds=row.repeat_after_seconds),
        state=row.state,
        id=row.id,
        version=row.version,
    )


class _RuleParser:
    """Collects every error of one rule, so that an admin sees them all at once."""

    def __init__(self, channels: Collection[str], known: Known | None) -> None:
        self.channels = channels
        self.known = known
        self.errors: list[tuple[str, str]] = []

    def parse(self, data: Any) -> RuleSpec:
        if not isinstance(data, Mapping):
            raise RuleError([("", "a rule is a map with name, when and send")])
        for key in data:
            if key not in KEYS:
                self._wrong(str(key), f"a rule has no such key; it has {', '.join(KEYS)}")
        rule = RuleSpec(
            name=self._name(data.get("name")),
            state=self._state(data.get("state", RuleState.ON.value)),
            when=self._clauses("when", data.get("when")),
            any=self._groups(data.get("any")),
            unless=self._clauses("unless", data.get("unless")),
            send=self._sends(data.get("send")),
            repeat_after=self._repeat_after(data),
        )
        if not rule.when and not rule.any and not self.errors:
            self._wrong("when", "a rule needs at least one condition")
        if self.errors:
            raise RuleError(self.errors)
        return rule

    def _wrong(self, path: str, message: str) -> None:
        self.errors.append((path, message))

    def _name(self, raw: Any) -> str:
        name = " ".join(raw.split()) if isinstance(raw, str) else ""
        if not name or len(name) > MAX_NAME or not name.isprintable():
            self._wrong("name", f"a rule needs a name of 1 to {MAX_NAME} characters")
        return name

    def _state(self, raw: Any) -> str:
        # YAML reads the bare word "on" as true; "off" has no meaning for a rule but paused.
        state = {True: "on", False: "paused"}.get(raw) if isinstance(raw, bool) else raw
        if not isinstance(state, str) or state not in [each.value for each in RuleState]:
            self._wrong("state", "a rule is draft, on or paused")
            return RuleState.DRAFT.value
        return state

    def _clauses(self, path: str, raw: Any) -> tuple[Clause, ...]:
        if raw is None:
            return ()
        if not isinstance(raw, Mapping):
            self._wrong(path, "conditions are a map such as {stage: [mql]}")
            return ()
        found = [self._clause(f"{path}.{key}", key, value) for key, value in raw.items()]
        return tuple(clause for clause in found if clause)

    def _clause(self, path: str, key: Any, raw: Any) -> Clause | None:
        condition = CONDITIONS.get(key) if isinstance(key, str) else None
        if condition is None:
            self._wrong(path, f"there is no such condition; there are {', '.join(CONDITIONS)}")
            return None
        try:
            value = condition.parse(raw)
        except ValueError as error:
            self._wrong(path, str(error))
            return None
        self._check_known(path, condition, value)
        return Clause(condition.key, value)

    def _check_known(self, path: str, condition: Condition, value: Any) -> None:
        if self.known is not None and isinstance(condition.kind, PatternsKind):
            for doubt in filter(None, map(condition.kind.doubt, value)):
                self._wrong(path, doubt)
        if self.known is None or condition.source is None:
            return
        names = {fold(name) for name in (*self.known.of(condition.source), *condition.choices)}
        for item in value:
            if fold(item) not in names:
                self._wrong(path, f"there is no {words_for(condition.source)} {item}; choose another")

    def _groups(self, raw: Any) -> tuple[tuple[Clause, ...], ...]:
        if raw is None:
            return ()
        if not isinstance(raw, (list, tuple)) or len(raw) > MAX_GROUPS:
            self._wrong("any", f"a list of at most {MAX_GROUPS} groups such as [{{stage: [mql]}}]")
            return ()
        groups = tuple(self._clauses(f"any.{place}", group) for place, group in enumerate(raw))
        for place, group in enumerate(groups):
            if not group and not any(path.startswith(f"any.{place}") for path, _ in self.errors):
                self._wrong(f"any.{place}", "a group needs at least one condition")
        return groups

    def _sends(self, raw: Any) -> tuple[Send, ...]:
        if raw is None:
            return ()
        if not isinstance(raw, (list, tuple)) or len(raw) > MAX_SENDS:
            self._wrong("send", f"a list of at most {MAX_SENDS}, such as [{{channel: sales, to: owner}}]")
            return ()
        found = [self._send(f"send.{place}", one) for place, one in enumerate(raw)]
        return tuple(dict.fromkeys(one for one in found if one))

    def _send(self, path: str, raw: Any) -> Send | None:
        if not isinstance(raw, Mapping) or set(raw) - {"channel", "to"} or "channel" not in raw:
            self._wrong(path, "write {channel: NAME} or {channel: NAME, to: owner}")
            return None
        channel = raw["channel"]
        if not isinstance(channel, str) or channel not in self.channels:
            names = ", ".join(sorted(self.channels)) or "none yet"
            self._wrong(f"{path}.channel", f"there is no channel {channel!r}; there are: {names}")
            return None
        to = self._recipient(f"{path}.to", raw.get("to"))
        return None if to is None else Send(channel, to)

    def _recipient(self, path: str, raw: Any) -> str | None:
        if raw in (None, "", "channel"):
            return ""
        text = raw.strip().lower() if isinstance(raw, str) else ""
        if text in (OWNER, DEAL_OWNER) or ("@" in text and text.isprintable() and len(text) <= 320):
            return text
        self._wrong(
            path, "write owner, deal_owner or the e-mail of a user; leave it out for the channel itself"
        )
        return None

    def _repeat_after(self, data: Mapping[Any, Any]) -> timedelta:
        if "repeat_after" not in data:
            return DEFAULT_REPEAT
        try:
            return parse_interval(data["repeat_after"])
        except ValueError as error:
            self._wrong("repeat_after", str(error))
            return DEFAULT_REPEAT


def words_for(source: Source) -> str:
    return {
        Source.PAGE_GROUPS: "page group",
        Source.TARGET_LISTS: "target list",
        Source.PRODUCTS: "product",
    }[source]
