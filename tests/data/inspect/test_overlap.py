"""Planted duplicates are found, and nothing else is."""

import csv

import cv2
import numpy as np
import pytest

from foi_tf import miniworld
from foi_tf.data.convert import builder, custom_dataset
from foi_tf.data.inspect import overlap
from foi_tf.data.inspect.overlap import duplicate_table, hashes, search, verify
from tests import raw_folders

IMAGES = 24


def render(split, index):
    return miniworld.render("coco", split, index, (192, 256))["image"][..., ::-1]


def jpeg(image, quality):
    data = cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, quality))[1]
    return cv2.imdecode(data, cv2.IMREAD_COLOR)


def crop(image, share, place):
    """Returns a crop of `share` of each side, at `place` from 0 (top left) to 1."""
    height, width = (round(side * share) for side in image.shape[:2])
    y, x = (round((1 - share) * side * p) for side, p in zip(image.shape, place, strict=False))
    return image[y : y + height, x : x + width]


PLANTED = {
    "coarse": lambda image: jpeg(image, 20),
    "small": lambda image: cv2.resize(image, None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA),
    "large": lambda image: cv2.resize(image, None, fx=1.7, fy=1.7),
    "mirrored": lambda image: image[:, ::-1],
    "cropped": lambda image: crop(image, 0.8, (0.3, 0.9)),
    "squeezed": lambda image: cv2.resize(image[:, 20:230], (150, 192)),
    "all": lambda image: jpeg(cv2.resize(crop(image, 0.85, (1, 0))[:, ::-1], (180, 140)), 50),
}


def write(root, images):
    """Writes images with empty masks, so that they can be prepared."""
    for name, image in images.items():
        raw_folders.save_image(root / "images" / f"{name}.jpg", image)
        raw_folders.save_image(root / "masks" / f"{name}.png", np.zeros(image.shape[:2], np.uint8))
    (root / "classes.json").write_text('{"classes": ["ground"]}')


@pytest.fixture(name="pair", scope="module")
def _pair(tmp_path_factory):
    root = tmp_path_factory.mktemp("overlap")
    first = {f"{s}/{i:02d}": render(s, i) for s in ("train", "val") for i in range(IMAGES)}
    second = {f"train/other{i}": render("train", 100 + i) for i in range(IMAGES)}
    for index, (name, change) in enumerate(PLANTED.items()):
        second[f"train/{name}"] = change(first[f"train/{index:02d}"])
    write(root / "first", first)
    write(root / "second", second | {"val/plain": np.full((64, 64, 3), 90, np.uint8)})
    (root / "second/images/val/exact.jpg").write_bytes(
        (root / "first/images/val/03.jpg").read_bytes()
    )
    raw_folders.save_image(root / "second/masks/val/exact.png", np.zeros((192, 256), np.uint8))
    sides = []
    for name in ("first", "second"):
        found = custom_dataset.find_custom_dataset(root / name, ["masks"], name, "consumer", None)
        sides.append(overlap.read_prints(builder.build_records(found, root / "data")))
    return sides


def test_planted_duplicates_are_found_and_nothing_else(pair):
    first, second = pair
    pairs = overlap.find_duplicates(first, second)
    named = {second.places[p.b][1]: (first.places[p.a][1], p) for p in pairs}
    wanted = {f"train/{name}": f"train/{index:02d}" for index, name in enumerate(PLANTED)}
    wanted["val/exact"] = "val/03"
    assert {name: place for name, (place, _) in named.items()} == wanted
    assert len(pairs) == len(wanted)
    found = {name.split("/")[1]: pair for name, (_, pair) in named.items()}
    assert {name for name, p in found.items() if p.mirrored} == {"mirrored", "all"}
    assert {name for name, p in found.items() if p.kind == "exact"} == {"exact"}
    assert {name for name, p in found.items() if p.crop == "b"} == {"cropped", "squeezed", "all"}
    # The window is the part that was cut out: 0.8 of each side, at 0.3 and 0.9 of the rest.
    np.testing.assert_allclose(found["cropped"].window, (0.06, 0.18, 0.86, 0.98), atol=0.02)
    # With the datasets swapped, the crop is on the other side.
    turned = {(p.b, p.a): p.crop for p in overlap.find_duplicates(second, first)}
    assert turned == {(p.a, p.b): "a" if p.crop == "b" else p.crop for p in pairs}


def test_a_dataset_is_compared_with_itself(pair):
    first, _ = pair
    assert overlap.find_duplicates(first, first) == []
    twice = overlap.ImagePrints(
        first.prepared,
        first.places * 2,
        [*first.digests, *(digest[::-1] for digest in first.digests)],
        np.concatenate([first.gray, first.gray[:, :, ::-1]]),
    )
    pairs = overlap.find_duplicates(twice, twice)
    assert [(p.a, p.b) for p in pairs] == [(i, i + 2 * IMAGES) for i in range(2 * IMAGES)]
    assert all(p.mirrored and p.kind == "near" for p in pairs)


def test_tables_and_sheets(pair, tmp_path):
    first, second = pair
    found = duplicate_table.write_duplicates(
        overlap.find_duplicates(first, second), first, second, tmp_path
    )
    assert (found["exact"], found["near"], found["images_of_b"]) == (1, 7, 8)
    rows = list(csv.DictReader((tmp_path / "first_second.csv").open()))
    assert tuple(rows[0]) == duplicate_table.COLUMNS and len(rows) == 8
    assert {row["b_id"] for row in rows if row["mirrored"] == "1"} == {
        "train/mirrored",
        "train/all",
    }
    assert cv2.imread(found["sheet"]).shape[1] > 400
    none = duplicate_table.write_duplicates([], first, second, tmp_path)
    assert "sheet" not in none and (tmp_path / "first_second.csv").read_text().count("\n") == 1


def test_mirroring_flips_known_bits():
    rng = np.random.default_rng(0)
    gray = rng.integers(0, 256, (5, hashes.SIDE, hashes.SIDE), np.uint8)
    plain, mirrored = hashes.hash_images(gray), hashes.hash_images(gray[:, :, ::-1])
    assert (mirrored.windows[:, 0] == plain.windows[:, 0] ^ hashes.MIRROR).all()


def test_a_window_hashes_as_its_crop_does():
    image = cv2.cvtColor(render("train", 3), cv2.COLOR_BGR2GRAY)
    picture = cv2.resize(image, (640, 640), interpolation=cv2.INTER_AREA)
    small = cv2.resize(picture, (hashes.SIDE,) * 2, interpolation=cv2.INTER_AREA)
    found = hashes.hash_images(small[None]).windows[0]
    for index in (0, 7, 100, len(hashes.WINDOWS) - 1):
        ymin, xmin, ymax, xmax = (round(640 * share) for share in hashes.WINDOWS[index])
        part = cv2.resize(picture[ymin:ymax, xmin:xmax], (64, 64), interpolation=cv2.INTER_AREA)
        one = hashes.hash_images(part[None]).windows[0, 0]
        assert bin(int(one ^ found[index])).count("1") <= 4


def test_search_finds_what_a_full_comparison_finds():
    rng = np.random.default_rng(1)
    table_, queries = (rng.integers(0, 2**63, n, np.uint64) for n in (3000, 40))
    # Near hashes differ in up to six bits: the first chunk's weakest three and any others.
    for index in range(40):
        flips = rng.choice(np.arange(16, 64), 6, replace=False)
        table_[index] = queries[index] ^ np.bitwise_or.reduce(np.uint64(1) << flips.astype("u8"))
    probes = np.zeros((40, hashes.CHUNKS, 1), np.uint16)
    found = {
        (q, n, d)
        for near in search.find_near_hashes(table_, queries, probes, 10)
        for q, n, d in zip(*(part.tolist() for part in near), strict=True)
    }
    distances = np.asarray([[bin(int(q ^ t)).count("1") for t in table_] for q in queries])
    wanted = {(int(q), int(n), int(distances[q, n])) for q, n in np.argwhere(distances <= 10)}
    assert {(i, i, 6) for i in range(40)} <= found <= wanted


def test_alignment_finds_the_window():
    image = cv2.cvtColor(render("train", 5), cv2.COLOR_BGR2GRAY)
    picture = cv2.resize(image, (64, 64), interpolation=cv2.INTER_AREA)
    part = image[24 : 24 + 134, 51 : 51 + 192]
    small = cv2.resize(part, (64, 64), interpolation=cv2.INTER_AREA)
    found = verify.align_crop(picture, small, (0.1, 0.18, 0.8, 0.95))
    exact = (24 / 192, 51 / 256, 158 / 192, 243 / 256)
    np.testing.assert_allclose(found.window, exact, atol=0.01)
    assert found.correlation > 0.9
    other = cv2.resize(cv2.cvtColor(render("train", 6), cv2.COLOR_BGR2GRAY), (64, 64))
    assert verify.align_crop(other, small, (0.1, 0.18, 0.8, 0.95)) is None
