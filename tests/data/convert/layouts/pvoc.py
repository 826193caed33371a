"""Writes a tiny tree of VOC2012 with the Semantic Boundaries Dataset, and VOC2007."""

import numpy as np
import scipy.sparse

from tests.data.convert.layouts import drawing, matlab

_VOC2012, _VOC2007 = "VOCdevkit/VOC2012", "VOCdevkit/VOC2007"
_SBD = "benchmark_RELEASE/dataset"
_OWN = {"train": "2007_000032", "val": "2007_000033"}
# SBD lists one image of VOC's train and one of its val; neither is taken from SBD.
_LISTS = {"train": ("2008_000008", "2007_000033", "2007_000032"), "val": ("2008_000015",)}
_ADDED = ("2008_000008", "2008_000015")
_BOXES = {"train": ("trainval", "000005"), "val": ("test", "000001")}
_XML = """<annotation>
	<folder>VOC2007</folder><filename>{stem}.jpg</filename>
	<size><width>8</width><height>6</height><depth>3</depth></size>
	<segmented>0</segmented>
	<object><name>{name}</name><pose>Rear</pose><truncated>0</truncated><difficult>0</difficult>
		<bndbox><xmin>2</xmin><ymin>1</ymin><xmax>6</xmax><ymax>4</ymax></bndbox>
	</object>
	<object><name>person</name><pose>Left</pose><truncated>0</truncated><difficult>1</difficult>
		<bndbox><xmin>1</xmin><ymin>3</ymin><xmax>8</xmax><ymax>6</ymax></bndbox>
		<part><name>head</name><bndbox><xmin>3</xmin><ymin>3</ymin><xmax>4</xmax><ymax>4</ymax></bndbox></part>
	</object>
</annotation>
"""


def write(root):
    folder = root / _VOC2012
    palette = [7 * i % 256 for i in range(768)]  # Colors do not matter: indices are the labels.
    own = drawing.stripes([0, 15, 255, 20]).astype(np.uint8)
    for split, stem in _OWN.items():
        drawing.write_text(folder / f"ImageSets/Segmentation/{split}.txt", f"{stem}\n")
        drawing.save(folder / f"SegmentationClass/{stem}.png", own, palette)
    added = drawing.stripes([0, 1, 20]).astype(np.uint8)
    for split, stems in _LISTS.items():
        drawing.write_text(root / _SBD / f"{split}.txt", "\n".join(stems) + "\n")
        for stem in stems:
            _save_sbd(root, stem, added)
    for stem in (*_OWN.values(), *_ADDED):
        drawing.photo(folder / f"JPEGImages/{stem}.jpg")
    for name, stem in _BOXES.values():
        drawing.write_text(root / _VOC2007 / f"ImageSets/Main/{name}.txt", f"{stem}\n")
        drawing.photo(root / _VOC2007 / f"JPEGImages/{stem}.jpg")
        _save_xml(root, stem, "chair")
    boxes = {
        "boxes": np.asarray([[0, 1, 4, 6], [2, 0, 6, 8]], np.float32),
        "box_labels": [8, 14],
        "box_areas": np.asarray([20, 32], np.float32),
        "box_crowds": [False, True],  # Difficult ones are not asked for.
    }
    own = {"mask": drawing.stripes([255, 15, 255, 20]).astype(np.uint8)}
    added = {"mask": drawing.stripes([255, 1, 20]).astype(np.uint8)}
    train = {"2012/2007_000032": own} | {f"2012/{stem}": added for stem in _ADDED}
    return {
        "train": train | {"2007/000005": boxes},
        "val": {"2012/2007_000033": own, "2007/000001": boxes},
    }


def _save_sbd(root, stem, labels):
    edges = matlab.cells([scipy.sparse.csc_matrix(labels == c) for c in range(1, 21)])
    classes = {"Boundaries": edges, "Segmentation": labels, "CategoriesPresent": [[1], [20]]}
    matlab.save(root / _SBD / f"cls/{stem}.mat", GTcls=classes)


def _save_xml(root, stem, name):
    path = root / _VOC2007 / f"Annotations/{stem}.xml"
    drawing.write_text(path, _XML.format(stem=stem, name=name))


SPOILS = {
    r"2007_000032\.png: label 21 at row 0, column 0": lambda root: drawing.save(
        root / _VOC2012 / "SegmentationClass/2007_000032.png",
        drawing.stripes([21]).astype(np.uint8),
    ),
    r"2008_000015\.mat: label 99 at row 0, column 0": lambda root: _save_sbd(
        root, "2008_000015", drawing.stripes([99]).astype(np.uint8)
    ),
    r"2008_000015\.mat: has no field Segmentation": lambda root: matlab.save(
        root / _SBD / "cls/2008_000015.mat", GTcls={"Boundaries": 1}
    ),
    r"000001\.xml: unknown class 'chairs'; did you mean 'chair'": lambda root: _save_xml(
        root, "000001", "chairs"
    ),
    r"000001\.xml: not whole XML": lambda root: drawing.truncate(
        root / _VOC2007 / "Annotations/000001.xml"
    ),
    r"000005\.jpg: No such file": lambda root: (root / _VOC2007 / "JPEGImages/000005.jpg").unlink(),
    r"dataset/val\.txt: No such file": lambda root: (root / _SBD / "val.txt").unlink(),
}
