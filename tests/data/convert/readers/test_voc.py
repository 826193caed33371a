import pytest

from foi_tf.errors import FoiError
from tests import raw_folders
from tests.data.convert.reading import examples, find


def change(path, *pairs):
    text = path.read_text()
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text)


def test_voc_boxes_become_half_open_from_zero(tmp_path):
    root, drawn = raw_folders.write_voc(tmp_path)
    found = find(root, "voc")
    assert found.dataset.names == {"detection": ("brick", "leaf")}
    assert found.dataset.crop == (64, 64)
    for example in examples(root, "voc") + examples(root, "voc", split="val"):
        expected = [(y, x, y + h, x + w) for _, y, x, h, w in drawn[example["id"]]]
        assert example["boxes"].tolist() == [list(map(float, box)) for box in expected]
        assert example["box_labels"].tolist() == [0, 1]
        assert example["box_areas"].tolist() == [h * w for *_, h, w in drawn[example["id"]]]
        assert not example["box_crowds"].any()


def test_voc_corners_at_zero_stay_at_zero(tmp_path):
    root, drawn = raw_folders.write_voc(tmp_path, train=1)
    _, y, x, h, w = drawn["2007_train0"][0]
    path = root / "Annotations/2007_train0.xml"
    change(path, (f"<xmin>{x + 1}<", "<xmin>0<"), (f"<ymin>{y + 1}<", "<ymin>0<"))
    (example,) = examples(root, "voc")
    assert example["boxes"][0].tolist() == [0, 0, y + h, x + w]


def test_voc_difficult_objects_are_crowds_and_parts_are_ignored(tmp_path):
    root, _ = raw_folders.write_voc(tmp_path, train=1)
    part = "<part><name>head</name><bndbox><xmin>1</xmin></bndbox></part></object>"
    path = root / "Annotations/2007_train0.xml"
    change(path, ("<difficult>0<", "<difficult>1<"), ("</object>", part))
    (example,) = examples(root, "voc")
    assert example["box_crowds"].tolist() == [True, False]


def test_voc_images_without_objects_are_kept(tmp_path):
    root, _ = raw_folders.write_voc(tmp_path)
    (root / "Annotations/2007_train0.xml").write_text("<annotation></annotation>")
    empty, *others = examples(root, "voc")
    assert empty["boxes"].shape == (0, 4) and len(others) == 3


def test_voc_classes_may_be_listed(tmp_path):
    root, _ = raw_folders.write_voc(tmp_path)
    listed = root / "classes.json"
    listed.write_text('{"classes": ["leaf", "brick", "stone"]}')
    assert find(root, "voc").dataset.classes == {"detection": 3}
    assert examples(root, "voc")[0]["box_labels"].tolist() == [1, 0]
    listed.write_text('{"classes": ["leaf", "bricks"]}')
    with pytest.raises(FoiError, match=r"2007_\w+\.xml: unknown class 'brick'; did you mean 'bri"):
        find(root, "voc")


def lists(root, **contents):
    for path in (root / "ImageSets/Main").iterdir():
        path.unlink()
    for name, stems in contents.items():
        # A list of one class has a second column; VOC's general ones have not.
        raw_folders.write_text(root / f"ImageSets/Main/{name}.txt", "\n".join(stems) + "\n\n")


@pytest.mark.parametrize(
    ("contents", "train", "val"),
    [
        ({"train": "ab", "val": "c", "trainval": "abc", "test": "d"}, "ab", "c"),
        ({"trainval": "abc", "test": "d"}, "abc", "d"),
        ({"trainval": "abc", "val": "c"}, "ab", "c"),
        ({"train": "ab", "test": "d"}, "ab", "d"),
    ],
)
def test_voc_lists_make_the_splits(tmp_path, contents, train, val):
    root, _ = raw_folders.write_voc(tmp_path, train=3, val=1)
    names = {"a": "2007_train0", "b": "2007_train1", "c": "2007_train2", "d": "2007_val0"}
    lists(root, **{name: [names[c] for c in stems] for name, stems in contents.items()})
    assert [e["id"] for e in examples(root, "voc")] == [names[c] for c in train]
    assert [e["id"] for e in examples(root, "voc", split="val")] == [names[c] for c in val]


def test_voc_without_lists_is_all_train(tmp_path):
    root, _ = raw_folders.write_voc(tmp_path)
    lists(root)
    assert find(root, "voc", fraction=0.5).dataset.train == 3
    lists(root, trainval=["2007_train0", "2007_train1", "2007_train2", "2007_val0"])
    assert find(root, "voc", fraction=0.25).dataset.train == 3


ONE = "Annotations/2007_train0.xml"


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda r: change(r / ONE, ("</annotation>", "")), r"train0\.xml: not whole XML"),
        (lambda r: change(r / ONE, ("<name>brick</name>", "")), "train0.xml: object 0: lacks n"),
        (lambda r: change(r / ONE, ("xmax>", "x>"), ("/xmax>", "/x>")), "lacks bndbox/xmax"),
        (
            lambda r: change(r / ONE, ("<ymin>", "<ymin>nan")),
            "bndbox/ymin must be a finite number, not 'nan",
        ),
        (
            lambda r: change(r / ONE, ("<ymin>", "<ymin>inf</ymin><ymin>")),
            "finite number, not 'inf'",
        ),
        (lambda r: change(r / ONE, ("<xmax>", "<xmax>9")), r"train0\.jpg: box 0 .* is outside"),
        (lambda r: change(r / ONE, ("<xmin>", "<xmin>-")), r"train0\.jpg: box 0 .* is outside"),
        (lambda r: change(r / ONE, ("<xmax>", "<xmax>0</xmax><xmax>")), "box 0 .* is empty"),
        (lambda r: (r / ONE).unlink(), r"train0\.xml: No such file"),
        (
            lambda r: (r / "JPEGImages/2007_train0.jpg").unlink(),
            "there is no image JPEGImages/2007_tr",
        ),
        (lambda r: lists(r, train=["2007_val0"], val=["2007_val0"]), "2007_val0 is in both train"),
        (
            lambda r: lists(r, val=["2007_val0"]),
            "no annotated images in train; the splits found are val",
        ),
        (lambda r: lists(r, trainval=["2007_val0"]), "give a share of train, as --val_fraction"),
    ],
)
def test_mistakes_in_voc_are_named(tmp_path, spoil, said):
    root, _ = raw_folders.write_voc(tmp_path)
    spoil(root)
    with pytest.raises(FoiError, match=said):
        examples(root, "voc")


def test_voc_needs_some_object_and_some_annotation(tmp_path):
    root, _ = raw_folders.write_voc(tmp_path)
    for path in (root / "Annotations").iterdir():
        path.write_text("<annotation></annotation>")
    with pytest.raises(FoiError, match="no file has an object"):
        find(root, "voc")
    lists(root)
    (root / "Annotations").rename(root / "notes")
    with pytest.raises(FoiError, match=r"Annotations: no such directory, with \*\.xml in"):
        find(root, "voc")


def test_formats_with_different_image_folders_are_refused(tmp_path):
    root, _ = raw_folders.write_voc(tmp_path)
    raw_folders.write_folder(root)
    with pytest.raises(
        FoiError, match="voc and masks keep their images in different folders, JPEGImages and"
    ):
        find(root, "voc", "masks")


@pytest.mark.parametrize("encoding", ["gb2312", "utf-8", "cp1252", "utf-16"])
def test_any_declared_encoding_is_read(tmp_path, encoding):
    root, drawn = raw_folders.write_voc(tmp_path)
    stem = "2007_train0"
    text = raw_folders.voc_xml(stem, drawn[stem]).replace("brick", "caf\u00e9s"[:3])
    declared = f'<?xml version="1.0" encoding="{encoding}"?>{text}'
    (root / f"Annotations/{stem}.xml").write_bytes(declared.encode(encoding))
    assert "caf" in find(root, "voc").dataset.names["detection"]


@pytest.mark.parametrize("encoding", ["klingon", "gb2312"])
def test_an_encoding_that_is_wrong_is_named(tmp_path, encoding):
    root, _ = raw_folders.write_voc(tmp_path)
    data = f'<?xml version="1.0" encoding="{encoding}"?><annotation>'.encode() + b"\xff\xff"
    (root / "Annotations/2007_train0.xml").write_bytes(data + b"</annotation>")
    with pytest.raises(FoiError, match=rf"train0\.xml: says that its encoding is {encoding}, but"):
        find(root, "voc")


def test_sizes_in_the_files_are_checked(tmp_path):
    root, _ = raw_folders.write_voc(tmp_path)
    path = root / "Annotations/2007_train0.xml"
    text = path.read_text()
    for size, right in ((("48", "64"), True), (("0", "0"), True), (("96", "128"), False)):
        sides = "<size><height>{}</height><width>{}</width></size>".format(*size)
        path.write_text(text.replace("<object>", f"{sides}<object>", 1))
        if right:
            examples(root, "voc")
        else:
            with pytest.raises(FoiError, match=r"train0\.jpg: has 48x64 pixels, but .* 96x128"):
                examples(root, "voc")


def move(root, images, annotations):
    """Moves a devkit's images and XML files into other folders, by {split} and {stem}."""
    for path in sorted((root / "JPEGImages").iterdir()):
        split = "train" if "train" in path.name else "valid"
        xml = root / f"Annotations/{path.stem}.xml"
        for old, form in ((path, images), (xml, annotations)):
            new = root / form.format(split=split, stem=old.stem) / old.name
            new.parent.mkdir(parents=True, exist_ok=True)
            old.rename(new)
    for folder in ("JPEGImages", "Annotations"):
        if not any((root / folder).iterdir()):
            (root / folder).rmdir()


@pytest.mark.parametrize(
    ("images", "annotations"),
    [
        ("{split}", "{split}"),
        ("images/{split}", "images/{split}"),
        ("images/{split}", "annotations"),
        ("images/{split}", "Annotations/{split}"),
        ("JPEGImages/{split}", "Annotations/{split}"),
    ],
)
def test_xml_of_other_layouts_is_read(tmp_path, images, annotations):
    root, drawn = raw_folders.write_voc(tmp_path)
    lists(root)
    move(root, images, annotations)
    found = find(root, "voc")
    assert (found.dataset.train, found.dataset.val) == (4, 2) and not found.doubts
    for example in examples(root, "voc"):
        expected = [[y, x, y + h, x + w] for _, y, x, h, w in drawn[example["id"].split("/")[-1]]]
        assert example["boxes"].tolist() == expected


def test_lists_may_hold_spaces_suffixes_and_folders(tmp_path):
    root, _ = raw_folders.write_voc(tmp_path, train=3, val=1)
    for folder, suffix in (("JPEGImages", "jpg"), ("Annotations", "xml")):
        (root / folder / f"2007_train0.{suffix}").rename(root / folder / f"a b.{suffix}")
    lists(
        root, train=["a b ", "2007_train1.jpg", "JPEGImages\\2007_train2.jpg"], val=["2007_val0 1"]
    )
    assert [e["id"] for e in examples(root, "voc")] == ["2007_train1", "2007_train2", "a b"]
    assert find(root, "voc").dataset.val == 1


def test_test_in_place_of_val_is_said(tmp_path):
    root, _ = raw_folders.write_voc(tmp_path, train=2, val=1)
    lists(root, train=["2007_train0", "2007_train1"], test=["2007_val0"])
    (said,) = find(root, "voc").doubts
    assert said.endswith("has no val.txt, so the images of test.txt are the validation split")


def test_images_of_types_that_are_not_read_are_named(tmp_path):
    root, _ = raw_folders.write_voc(tmp_path)
    (root / "JPEGImages/2007_train0.jpg").rename(root / "JPEGImages/2007_train0.HEIC")
    with pytest.raises(FoiError, match=r"train0\.xml: its image .*train0\.HEIC is there, but"):
        find(root, "voc")


def test_xml_namespaces_are_read_and_entities_refused(tmp_path):
    root, drawn = raw_folders.write_voc(tmp_path)
    path = root / "Annotations/2007_train0.xml"
    change(path, ("<annotation>", '<annotation xmlns="http://x.org">'))
    assert len(examples(root, "voc")[0]["boxes"]) == len(drawn["2007_train0"])
    path.write_text('<!DOCTYPE a [<!ENTITY b "c">]>' + path.read_text())
    with pytest.raises(FoiError, match=r"train0\.xml: defines entities"):
        find(root, "voc")
