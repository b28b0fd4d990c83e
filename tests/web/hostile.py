"""Text that somebody might type to break a page: markup, control and direction marks, lengths."""

from __future__ import annotations

HOSTILE: tuple[str, ...] = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "</title><script>alert(1)</script>",
    "</textarea><script>alert(1)</script>",
    "{{ 7*7 }}{% raw %}",
    "javascript:alert(1)",
    "&lt;b&gt; &amp; &#x3c;script&#x3e;",
    "\u202emoc.live\u202c\u2066x\u2069",
    "a\x00b\x07c\x1b[31m",
    "\ud800 lone",
    "=HYPERLINK(0)",
    "Robert'); DROP TABLE users;--",
    "𝕳𝖊𝖑𝖑𝖔 👩‍👩‍👧‍👦 Ω≈ç",
    "%00%0d%0aSet-Cookie: x=1",
    "\u2028line\u2029break",
)
MARKUP = ("<script>alert", "<img src=x", "<svg/onload")
