"""No file is shown but one that lies in a folder of the index, however it is asked for."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from tests.server.picture_kit import document, encoded, gradient, written
from univldr.errors import ImageError, NotFoundError
from univldr.server import files
from univldr.server.files import opened_picture
from univldr.server.pictures import original
from univldr.server.thumbnails import thumbnail
from univldr.types import Document, Modality

PNG = encoded(gradient())
OUTSIDE, GONE = "lies outside the folders of the index", "is gone"

posix = pytest.mark.skipif(sys.platform == "win32", reason="links and pipes of POSIX")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder of pictures beside another one with ``secret.png``."""
    written(tmp_path / "secret" / "secret.png", gradient())
    written(tmp_path / "root" / "in" / "a.png", gradient())
    return tmp_path / "root"


def refused(picture: Document | Path, root: Path) -> str:
    """The message by which both the picture and its thumbnail are refused."""
    picture = picture if isinstance(picture, Document) else document(picture)
    messages = []
    for show in (original, partial(thumbnail, size=160)):
        with pytest.raises(NotFoundError) as raised:
            show(picture, [str(root)])
        messages.append(str(raised.value))
    assert messages[0] == messages[1]
    return messages[0]


def test_what_lies_inside(root: Path) -> None:
    assert original(document(root / "in" / "a.png"), [str(root)]).body == PNG
    assert original(document(root / "in" / ".." / "in" / "a.png"), [str(root)]).body == PNG
    assert original(document(root / "in" / "a.png"), ["/nowhere", str(root / "in")]).body == PNG


@pytest.mark.parametrize("path", ["/etc/hostname", "/etc/passwd", "/proc/self/environ", "/dev/zero", "/"])
def test_a_path_that_a_client_gave(path: str, root: Path) -> None:
    assert OUTSIDE in refused(Path(path), root)


def test_what_lies_outside(root: Path) -> None:
    secret = root.parent / "secret" / "secret.png"
    assert OUTSIDE in refused(secret, root)
    assert OUTSIDE in refused(root / ".." / "secret" / "secret.png", root)
    assert OUTSIDE in refused(root / "in" / ".." / ".." / "secret" / "secret.png", root)
    assert OUTSIDE in refused(root.parent / "secret" / "none.png", root)  # whether it exists is not told
    beside = written(root.parent / "root2" / "a.png", gradient())
    assert OUTSIDE in refused(beside, root)
    with pytest.raises(NotFoundError, match=OUTSIDE):
        original(document(secret), [])


def test_only_the_picture_itself_is_believed(root: Path) -> None:
    """Not a path among the metadata, which a client may write."""
    picture = Document("a", Modality.TEXT, "words", metadata={"path": str(root / "in" / "a.png")})
    assert "has no picture" in refused(picture, root)


@posix
def test_links_out_of_the_folder(root: Path) -> None:
    secret = root.parent / "secret"
    (root / "link.png").symlink_to(secret / "secret.png")
    (root / "relative.png").symlink_to("../secret/secret.png")
    (root / "folder").symlink_to(secret)
    (root / "twice.png").symlink_to(root / "link.png")
    for name in ("link.png", "relative.png", "folder/secret.png", "twice.png"):
        assert OUTSIDE in refused(root / name, root)


@posix
def test_links_inside_the_folder_and_to_the_folder(root: Path) -> None:
    (root / "link.png").symlink_to("in/a.png")
    (root / "folder").symlink_to("in")
    link = root.parent / "link"
    link.symlink_to(root)
    for name in ("link.png", "folder/a.png", "in/a.png"):
        assert original(document(root / name), [str(root)]).body == PNG
        assert original(document(link / name), [str(link)]).body == PNG
        assert original(document(root / name), [str(link)]).body == PNG


@posix
def test_a_link_that_leads_nowhere_or_around(root: Path) -> None:
    (root / "none.png").symlink_to("nothing.png")
    (root / "around.png").symlink_to("around.png")
    assert GONE in refused(root / "none.png", root)
    assert GONE in refused(root / "around.png", root)


def test_what_is_no_file(root: Path) -> None:
    assert GONE in refused(root / "in", root)
    assert OUTSIDE in refused(root, root)
    assert GONE in refused(root / "none.png", root)
    assert GONE in refused(root / "none.pdf#page=3", root)
    assert GONE in refused(root / "in" / "a.png" / "b.png", root)
    refused(Path(f"{root}/nul\0.png"), root)
    refused(root / ("long" * 100), root)


def test_what_is_too_large_is_not_read(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_BYTES", len(PNG) - 1)
    with opened_picture(document(root / "in" / "a.png"), [str(root)]) as file:
        with pytest.raises(ImageError, match="over the limit"):
            file.read()
        monkeypatch.setattr(files, "MAX_BYTES", len(PNG))
        assert file.read() == file.read() == PNG


@posix
def test_pages_of_files_outside(root: Path) -> None:
    (root.parent / "secret.pdf").write_bytes(b"%PDF-1.7")
    (root / "link.pdf").symlink_to("../secret.pdf")
    assert OUTSIDE in refused(root / "link.pdf#page=3", root)
    assert OUTSIDE in refused(root / ".." / "secret.pdf#page=1", root)


@posix
def test_devices(root: Path) -> None:
    assert GONE in refused(Path("/dev/zero"), Path("/dev"))


@pytest.fixture
def in_time() -> Iterator[Callable[[Callable[[], str]], str]]:
    """Runs something that might wait for ever, for at most five seconds."""
    pool = ThreadPoolExecutor(1)
    yield lambda work: pool.submit(work).result(timeout=5)
    pool.shutdown(wait=False)


@posix
def test_a_pipe_is_not_waited_for(root: Path, in_time: Callable[[Callable[[], str]], str]) -> None:
    os.mkfifo(root / "pipe.png")
    try:
        assert GONE in in_time(lambda: refused(root / "pipe.png", root))
    finally:  # whoever waits for a writer has waited long enough
        os.close(os.open(root / "pipe.png", os.O_RDWR))


def swapped(path: Path, secret: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a link to ``secret`` in the place of ``path`` once a path below it was found to be inside."""
    resolve = os.path.realpath

    def then_swap(asked: str | Path) -> str:
        real: str = resolve(asked)
        if Path(asked).is_relative_to(path) and not path.is_symlink():
            path.rename(path.with_name("was"))
            path.symlink_to(secret)
        return real

    monkeypatch.setattr(os.path, "realpath", then_swap)


@posix
def test_a_file_that_becomes_a_link_after_it_was_looked_at(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    swapped(root / "in" / "a.png", root.parent / "secret" / "secret.png", monkeypatch)
    assert original_refused(root)
    assert (root / "in" / "a.png").is_symlink()


@posix
def test_a_folder_that_becomes_a_link_after_it_was_looked_at(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root.parent / "secret" / "secret.png").rename(root.parent / "secret" / "a.png")
    swapped(root / "in", root.parent / "secret", monkeypatch)
    assert original_refused(root)
    assert (root / "in").is_symlink()


def original_refused(root: Path) -> bool:
    with pytest.raises(NotFoundError, match=GONE):
        original(document(root / "in" / "a.png"), [str(root)])
    return True


def test_the_folder_of_a_file_of_records_counts(root: Path) -> None:
    (root / "records.jsonl").write_text("{}")
    roots = [str(root / "records.jsonl")]
    assert original(document(root / "in" / "a.png"), roots).body == PNG
    with pytest.raises(NotFoundError, match=OUTSIDE):
        original(document(root.parent / "secret" / "secret.png"), roots)


def test_a_root_that_is_gone_shows_nothing(root: Path) -> None:
    """Its parent does not count in its place."""
    with pytest.raises(NotFoundError, match=OUTSIDE):
        original(document(root / "in" / "a.png"), [str(root / "unmounted")])
