"""imgedit beside other clients, each in an environment of its own, against loopback only.

`use_NAME.py` drives the client NAME as its documentation shows it, with its defaults: `ANSWER`, how
`server.py` has to answer it, and a class `Client(url, timeout=None)`, an async context manager with
`edit(picture)`, where `picture` is a file and `timeout` the client's own setting in seconds.
`constraints/NAME.txt` is what `make` installs for it, into `build/peers/NAME`.
"""
