"""DEMO identity provider: real OAuth 2 and OpenID Connect, real RFC 9068 tokens - and nobody needs a password.

`python -m deploy.demo.issuer` reads ISSUER_URL, HTTP_ADDRESS, ISSUER_REGISTER (people and clients, JSON),
ISSUER_KEY_FILE, TOKEN_AUDIENCE, ISSUER_REGISTRATION_TOKEN (or ..._FILE). It starts only with MODE=demo: production has
an identity provider of its own.
"""

import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2 import OAuth2Error
from flask import Flask, Response, redirect, render_template, request
from joserfc.jwk import ECKey
from waitress import serve

from deploy.demo.issuer_grants import ALGORITHM, KEY_ALGORITHMS, KEY_METHOD, install_grants
from deploy.demo.issuer_register import Register
from deploy.demo.places import write_private


def create_issuer(issuer: str, audience: str, register: Register, key: ECKey, registration_token: str = "") -> Flask:
    """The authorization server as a WSGI application."""
    app = Flask(__name__, template_folder="templates", static_folder=None)
    server = AuthorizationServer(app, query_client=register.client, save_token=lambda token, request: None)
    install_grants(server, key, issuer, audience)

    @app.get("/.well-known/openid-configuration")
    @app.get("/.well-known/oauth-authorization-server")
    def discovery() -> dict[str, Any]:
        return metadata(issuer)

    @app.get("/jwks.json")
    def jwks() -> dict[str, Any]:
        return {"keys": [{**key.as_dict(private=False), "use": "sig", "alg": ALGORITHM}]}

    @app.post("/token")
    def token() -> Response:
        return server.create_token_response()  # type: ignore[no-any-return]

    @app.get("/authorize")
    def choose() -> tuple[str, int] | str:
        try:
            grant = server.get_consent_grant()
        except OAuth2Error as error:
            return render_template("refused.html", error=error.description or error.error), 400
        return render_template("sign_in.html", users=register.users(), client=grant.client.client_id)

    @app.post("/authorize")
    def sign_in() -> Response:
        return server.create_authorization_response(  # type: ignore[no-any-return]
            grant_user=register.user(request.form.get("user", "")), grant=server.get_consent_grant()
        )

    @app.get("/sign-out")
    def sign_out() -> Any:
        """There is no session here to end; the browser goes back where it came from."""
        client = register.client(request.args.get("client_id", ""))
        back = request.args.get("post_logout_redirect_uri", "")
        return redirect(back) if client and client.check_redirect_uri(back) else render_template("signed_out.html")

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ready"}

    def allowed() -> bool:
        return bool(registration_token) and request.headers.get("Authorization") == f"Bearer {registration_token}"

    @app.put("/clients/<client_id>")
    def keep_client(client_id: str) -> tuple[dict[str, str], int]:
        """What `lotse partner onboard` uses; an identity provider in production has its own administration."""
        if not allowed():
            return {"error": "invalid_token"}, 401
        register.add_client({**request.get_json(), "client_id": client_id})
        return {"client_id": client_id}, 200

    @app.delete("/clients/<client_id>")
    def drop_client(client_id: str) -> tuple[dict[str, str], int]:
        if not allowed():
            return {"error": "invalid_token"}, 401
        return {}, 204 if register.remove_client(client_id) else 404

    @app.after_request
    def guard(response: Response) -> Response:
        # no form-action here: browsers apply it to redirects too, and the way back leads to another origin
        policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
        response.headers["Content-Security-Policy"] = policy
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return app


def metadata(issuer: str) -> dict[str, Any]:
    """What the issuer says about itself (OpenID Connect Discovery, RFC 8414)."""
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "jwks_uri": f"{issuer}/jwks.json",
        "end_session_endpoint": f"{issuer}/sign-out",
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "client_credentials"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", KEY_METHOD, "none"],
        "token_endpoint_auth_signing_alg_values_supported": list(KEY_ALGORITHMS),
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": ["openid", "profile"],
    }


def signing_key(path: Path) -> ECKey:
    """The key in the file; made and kept there on first use."""
    if not path.exists():
        made = ECKey.generate_key("P-256", auto_kid=True)
        write_private(path, json.dumps({**made.as_dict(private=True), "kid": made.thumbprint()}))
    return ECKey.import_key(json.loads(path.read_text()))


def registration_token() -> str:
    """What whoever onboards partners has to show; without one nobody can."""
    file = os.environ.get("ISSUER_REGISTRATION_TOKEN_FILE")
    return Path(file).read_text().strip() if file else os.environ.get("ISSUER_REGISTRATION_TOKEN", "")


def main() -> int:
    """Serve until told to stop."""
    if os.environ.get("MODE") != "demo":
        print("The demo issuer signs anybody in. It starts only with MODE=demo.", file=sys.stderr)
        return 2
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # loopback only; the services insist on https in production
    logging.basicConfig(level="WARNING")
    app = create_issuer(
        os.environ["ISSUER_URL"],
        os.environ.get("TOKEN_AUDIENCE", "lotsennetz"),
        Register(Path(os.environ["ISSUER_REGISTER"])),
        signing_key(Path(os.environ["ISSUER_KEY_FILE"])),
        registration_token(),
    )
    serve(app, listen=os.environ["HTTP_ADDRESS"], threads=8)
    return 0


if __name__ == "__main__":
    sys.exit(main())
