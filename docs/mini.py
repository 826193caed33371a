"""Draws docs/mini.jpg: two scenes of every dataset of the rendered collection.

python docs/mini.py
"""

import pathlib

import cv2
import numpy as np

from foi_tf import miniworld

HEIGHT, COLUMNS, MARGIN, CAPTION = 120, 6, 4, 22


def tile(dataset_id: str, index: int) -> np.ndarray:
    """Renders one scene with its dataset's name below it, uint8 [HEIGHT + CAPTION, W, 3]."""
    height, width = miniworld.DATASETS[dataset_id].crop
    size = (2 * HEIGHT, 2 * HEIGHT * width // height)
    image = miniworld.render(dataset_id, "val", index, size)["image"]
    image = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    image = image[:, (image.shape[1] - HEIGHT) // 2 :][:, :HEIGHT]
    framed = cv2.copyMakeBorder(
        image, 0, CAPTION, MARGIN, MARGIN, cv2.BORDER_CONSTANT, value=(255, 255, 255)
    )
    text = f"{dataset_id} ({miniworld.DATASETS[dataset_id].domain})"
    place = (MARGIN, HEIGHT + 14)
    return cv2.putText(
        framed, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.33, (40, 40, 40), 1, cv2.LINE_AA
    )


def main() -> None:
    """Writes the figure."""
    tiles = [tile(name, index) for name in miniworld.DATASETS for index in (0, 5)]
    rows = [np.concatenate(tiles[i : i + COLUMNS], 1) for i in range(0, len(tiles), COLUMNS)]
    path = pathlib.Path(__file__).with_suffix(".jpg")
    cv2.imwrite(str(path), np.concatenate(rows)[..., ::-1], (cv2.IMWRITE_JPEG_QUALITY, 88))


if __name__ == "__main__":
    main()
