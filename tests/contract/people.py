"""Makes a couple on a running server, over REST, and prints an access token of one of them."""

import base64
import json
import os
import sys
import urllib.request

PASSWORD = "corgi-by-the-sea"


def call(server, method, path, body, token=None):
    headers = {"Content-Type": "application/json"}
    if token is not None:
        headers["Authorization"] = "Bearer " + token
    request = urllib.request.Request(
        server + "/api/v1" + path, json.dumps(body).encode(), headers, method=method
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)["data"]


def sign_up(server):
    device = base64.urlsafe_b64encode(os.urandom(16)).decode().rstrip("=")
    email = "p" + os.urandom(8).hex() + "@example.org"
    person = {"email": email, "password": PASSWORD, "birth_date": "1998-03-14", "device": device}
    return call(server, "POST", "/auth/signup", person)["access_token"]


def main():
    server = sys.argv[1]
    one, other = sign_up(server), sign_up(server)
    code = call(server, "POST", "/couple/invite", {}, one)["code"]
    call(server, "POST", "/couple/match", {"code": code}, other)
    for no, token in enumerate([one, other] * 20):
        call(server, "POST", "/chat/messages", {"no": no + 1, "text": "hello"}, token)
    print(one)


main()
