"""Pictures by byte offset: tar members, lines of a TSV, from many threads and processes."""

from __future__ import annotations

import base64
import gzip
import tarfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.corpus.dataset_kit import COLOURS, picture, tar, tsv
from univldr.corpus import shards
from univldr.corpus.shards import InShard, PictureFiles, picture_of, split_tar_path, tar_members
from univldr.errors import CorpusError, ImageError


def test_tar_members_lie_where_the_index_says(tmp_path: Path) -> None:
    long = "a-very-long-name/" * 12 + "p.png"  # needs an extended header before its own
    members = {"a.png": b"A" * 700, "./b/ü.png": b"B" * 512, long: b"C", "empty": b""}
    path = tar(tmp_path / "x.tar", members)
    content = path.read_bytes()
    found = {name: content[offset : offset + size] for name, offset, size in tar_members(path)}
    assert found == {name.removeprefix("./"): data for name, data in members.items()}
    files = PictureFiles()
    assert [files.raw(path, offset, size) for _, offset, size in tar_members(path)] == list(members.values())


def test_indexing_a_tar_reads_no_contents(tmp_path: Path) -> None:
    info = tarfile.TarInfo("hole")
    info.size = 1 << 36
    with (tmp_path / "x.tar").open("wb") as file:
        file.write(info.tobuf(tarfile.GNU_FORMAT))
        file.truncate(512 + info.size + 1024)  # 64 GB of zeros that take no space
    assert list(tar_members(tmp_path / "x.tar")) == [("hole", 512, 1 << 36)]


def test_folders_and_links_in_a_tar_are_no_pictures(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x.tar", "w") as shard:
        for name, kind in (("d", tarfile.DIRTYPE), ("l", tarfile.SYMTYPE), ("f", tarfile.REGTYPE)):
            info = tarfile.TarInfo(name)
            info.type = kind
            shard.addfile(info)
    assert [member.name for member in tar_members(tmp_path / "x.tar")] == ["f"]


@pytest.mark.parametrize(
    "damage", [lambda raw: raw[:700], lambda raw: gzip.compress(raw), lambda raw: b"no tar" * 200]
)
def test_broken_tars(damage: Callable[[bytes], bytes], tmp_path: Path) -> None:
    path = tar(tmp_path / "x.tar", {"a": b"A" * 5000})
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(CorpusError, match=r"x\.tar: not a plain tar file, or cut off"):
        list(tar_members(path))
    with pytest.raises(CorpusError, match="no such tar file"):
        list(tar_members(tmp_path / "none.tar"))


@pytest.mark.parametrize("size", [0, 5, 1 << 20])
@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_tsv_offsets_are_bytes_not_characters(
    size: int, end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "_TSV_BYTES", 7)  # many reads for one line
    before = "größe – 大きい\tAAAA\r\n".encode()
    path = tmp_path / "imgs.tsv"
    path.write_bytes(before + b"42\t" + base64.b64encode(picture("red")) + end.encode())
    assert PictureFiles().tsv(path, len(before), size, "42") == picture("red")
    with pytest.raises(ImageError, match=r'at byte 18 begins ".*", not "42"'):
        PictureFiles().tsv(path, len(before.decode()), size, "42")


def test_tsv_ids_may_be_padded_but_not_others(tmp_path: Path) -> None:
    tsv(tmp_path, {"00042": b"x", "a": b"y"})
    files = PictureFiles()
    assert files.tsv(tmp_path / "imgs.tsv", 0, 0, "42") == b"x"
    with pytest.raises(ImageError, match='begins "00042", not "43"'):
        files.tsv(tmp_path / "imgs.tsv", 0, 0, "43")


def test_what_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"1\tA\n")
    files = PictureFiles()
    with pytest.raises(ImageError, match="ends before byte 14; it was cut off"):
        files.raw(path, 4, 10)
    with pytest.raises(ImageError, match="is not base64"):
        files.tsv(path, 0, 0, "1")
    with pytest.raises(ImageError, match=r"none: cannot be read at byte 0: No such file"):
        files.raw(tmp_path / "none", 0, 1)
    monkeypatch.setattr(shards, "MAX_BYTES", 100)
    with pytest.raises(ImageError, match="a picture of 101 bytes, over the limit of 100"):
        files.raw(path, 0, 101)


def test_threads_share_a_few_open_shards(tmp_path: Path) -> None:
    paths = [tmp_path / str(n) for n in range(8)]
    for n, path in enumerate(paths):
        path.write_bytes(bytes([n]) * 1000)
    files = PictureFiles(limit=2)
    descriptors = Path("/proc/self/fd")
    before = len(list(descriptors.iterdir())) if descriptors.is_dir() else 0

    def read(n: int) -> bool:
        return files.raw(paths[n % 8], n % 900, 100) == bytes([n % 8]) * 100

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(read, range(2000)))
    if before:
        assert len(list(descriptors.iterdir())) <= before + 2


def test_names_of_pictures() -> None:
    assert split_tar_path("shards/a.tar/b/c.webp") == ("shards/a.tar", "b/c.webp")
    assert split_tar_path("a.tar") is split_tar_path("a.tar/") is split_tar_path("a.tar.gz/b") is None
    assert picture_of("x.tar/a.png") == InShard("x.tar", "a.png")
    assert picture_of("pics/a.png") == Path("pics/a.png")
    assert picture_of({"bytes": b"x", "path": "a.png"}) == b"x"
    assert picture_of({"bytes": None, "path": "a.png"}) == Path("a.png")
    for value in (5, "", None, {"path": None}, "a\0b"):
        with pytest.raises(CorpusError, match="neither a path nor encoded bytes"):
            picture_of(value)
    with pytest.raises(CorpusError, match=r'"https://a\.b/c\.png", not a file'):
        picture_of("https://a.b/c.png")


def test_colours_are_distinct() -> None:
    assert len({picture(colour) for colour in COLOURS}) == len(COLOURS)
