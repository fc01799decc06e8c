from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from univldr.errors import CorpusError
from univldr.training.pictures import Augmentation, augment, open_rgb, read_pictures, to_pixels


def encode(colour: tuple[int, int, int], size: tuple[int, int] = (12, 8)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


def write_set(folder: Path, records: list[dict[str, object]]) -> tuple[Path, Path]:
    lines, archive = folder / "set.jsonl", folder / "set.tar"
    lines.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    data = encode((255, 0, 0))
    with tarfile.open(archive, "w") as tar:
        member = tarfile.TarInfo("a.png")
        member.size = len(data)
        tar.addfile(member, io.BytesIO(data))
    return lines, archive


def test_read_pictures_pairs_records_with_the_archive(tmp_path: Path) -> None:
    paths = write_set(tmp_path, [{"id": "a", "image": "a.png", "captions": ["red", "a red field"]}])
    (picture,) = read_pictures(*paths)
    assert picture.id == "a"
    assert picture.captions == ("red", "a red field")
    assert open_rgb(picture.data, 4).getpixel((0, 0)) == (255, 0, 0)


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"id": "b", "image": "b.png", "captions": ["blue"]}, "has no b.png"),
        ({"id": "a", "image": "a.png", "captions": []}, "has no captions"),
    ],
)
def test_read_pictures_names_the_broken_record(
    tmp_path: Path, record: dict[str, object], message: str
) -> None:
    with pytest.raises(CorpusError, match=f"set.jsonl:1: .*{message}"):
        read_pictures(*write_set(tmp_path, [record]))


def test_pixels_run_from_minus_one_to_one() -> None:
    image = Image.fromarray(np.array([[[0, 0, 255], [255, 0, 0]]], np.uint8))
    pixels = to_pixels(image)
    assert pixels.shape == (3, 1, 2)
    assert pixels[:, 0, 0].tolist() == [-1.0, -1.0, 1.0]


def test_augment_keeps_the_size_and_depends_on_the_seed_alone() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    image = Image.fromarray(noise)
    views = [np.asarray(augment(image, Augmentation(), np.random.default_rng(seed))) for seed in (1, 1, 2)]
    assert views[0].shape == (32, 32, 3)
    assert np.array_equal(views[0], views[1])
    assert not np.array_equal(views[0], views[2])


def test_the_mildest_augmentation_only_mirrors() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    still = Augmentation(min_area=1.0, max_stretch=1.0, jitter=0.0)
    seen = {
        np.asarray(augment(Image.fromarray(noise), still, np.random.default_rng(seed))).tobytes()
        for seed in range(8)
    }
    assert seen == {noise.tobytes(), noise[:, ::-1].tobytes()}
