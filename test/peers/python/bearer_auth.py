"""The `authorization_function` of a server that lets in whoever bears the token that a file holds at the time."""

import os
from pathlib import Path

from flask import request
from mlflow.server.auth import make_basic_auth_response
from werkzeug.datastructures import Authorization


def authenticate():
    given = request.authorization
    allowed = Path(os.environ["PEER_TOKEN_FILE"]).read_text(encoding="utf-8")
    if given is not None and given.type == "bearer" and given.token == allowed:
        return Authorization("basic", {"username": "admin", "password": ""})
    return make_basic_auth_response()
