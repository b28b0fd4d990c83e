"""A DNS server on a local port that answers from a table, or not at all."""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping

import dns.flags
import dns.message
import dns.rcode
import dns.rrset


class NameServer:
    """`records`: (name with its final dot, type) to a value. `silent` swallows every question."""

    def __init__(self, records: Mapping[tuple[str, str], str]) -> None:
        self.records = dict(records)
        self.silent = False
        self.asked: list[str] = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self.socket.close()

    def _serve(self) -> None:
        while True:
            try:
                data, sender = self.socket.recvfrom(4096)
                if answer := self._answer(dns.message.from_wire(data)):
                    self.socket.sendto(answer.to_wire(), sender)
            except OSError:
                return

    def _answer(self, question: dns.message.Message) -> dns.message.Message | None:
        name, kind = str(question.question[0].name), question.question[0].rdtype.name
        self.asked.append(f"{name} {kind}")
        if self.silent:
            return None
        answer = dns.message.make_response(question)
        answer.flags |= dns.flags.RA
        value = self.records.get((name.lower(), kind))
        if value is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        else:
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", kind, value))
        return answer
