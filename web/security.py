"""Headers that keep a page from running, showing or leaking what it should not."""

from __future__ import annotations

from flask import Flask, Response, request

from web.context import current_user, get_settings

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Robots-Tag": "noindex, nofollow",
}
# The collector answers other people's sites and sets its own headers.
COLLECTOR = "collector"


# A form of text; only an admin's import may be larger. The collector has its own limit.
LARGEST_FORM = 2 * 1024 * 1024
LARGEST_IMPORT = 21 * 1024 * 1024


def set_up(app: Flask) -> None:
    app.before_request(set_limit)
    app.after_request(put_headers)


def set_limit() -> None:
    """Lets admins send a large file to the import page; nobody else gets that much read."""
    if request.endpoint == "imports.upload":
        user = current_user()
        if user and user.role == "admin":
            request.max_content_length = LARGEST_IMPORT


def put_headers(response: Response) -> Response:
    """Strict headers on every answer but the collector's; pages are kept by nobody."""
    if request.blueprint == COLLECTOR:
        return response
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.endpoint == "static" and response.status_code in (200, 304):
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    else:
        response.headers["Cache-Control"] = "no-store"
    if get_settings().base_url.startswith("https://"):
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response
