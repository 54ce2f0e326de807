"""Where a picture goes when nobody said."""

from __future__ import annotations

from pathlib import Path

import pytest

from imgedit.cli.naming import default_out, shown


@pytest.mark.parametrize(
    ("image", "name"),
    (
        ("photo.jpg", "photo-edited"),
        ("some/where/photo.jpg", "photo-edited"),
        ("photo", "photo-edited"),
        ("https://acme.example/a/photo.png?w=3#x", "photo-edited"),
        ("https://acme.example/", "image-edited"),
        ("https://acme.example/..%2f..%2fetc%2fpasswd", "passwd-edited"),
        ("https://acme.example/a%0ab%1b.png", "a-b--edited"),
        ("data:image/png;base64,AAAA", "image-edited"),
    ),
)
def test_the_name_comes_from_the_picture_and_stays_in_this_folder(image, name):
    out = default_out(image)
    assert str(out) == name
    assert out.parent == Path()


def test_a_made_up_name_must_be_free_in_every_format(acme, server, key, photo, call, tmp_path):
    (tmp_path / "photo-edited-2.webp").touch()
    ran = call("edit", photo, "warmer", "-n", "2")
    assert ran.code == 10
    assert "photo-edited-2.webp' exists already. Nothing was charged." in ran.err
    assert call("edit", photo, "warmer", "-n", "2", "--dry-run").code == 0
    assert server.requests == []


def test_paths_are_shown_as_the_user_would_write_them(tmp_path, monkeypatch):
    inside = tmp_path / "inside"
    inside.mkdir()
    monkeypatch.chdir(inside)
    assert shown(inside / "out.png", None) == "out.png"
    assert shown(inside / "out.png", "out.png") == "out.png"
    assert shown(tmp_path / "out.png", "../out.png") == str(Path("../out.png"))
    assert shown(inside / "out.png", str(inside / "out.png")) == str(inside / "out.png")
    assert shown(tmp_path / "out.png", None) == str(tmp_path / "out.png")
