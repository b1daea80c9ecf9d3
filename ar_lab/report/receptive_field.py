"""The picture of a receptive field: which conditional notices which place."""

from pathlib import Path

import numpy as np
from PIL import Image

from ar_lab.evaluation.certificate.proof import Dependence

SIDE = 512  # pixels, at least, that the picture is wide
NAME = "receptive_field.png"
COLORS = {
    Dependence.UNCHECKED: (225, 225, 225),
    Dependence.UNSEEN: (255, 255, 255),
    Dependence.SEEN: (31, 119, 180),
    Dependence.FAINT: (190, 215, 235),
    Dependence.BLIND: (255, 127, 14),
    Dependence.LEAK: (214, 39, 40),
}


def save_picture(dependence: Dependence, directory: Path) -> str:
    """Writes receptive_field.png, a row a conditional and a column a place; returns its name."""
    palette = np.array([COLORS[code] for code in range(len(COLORS))], dtype=np.uint8)
    picture = Image.fromarray(palette[dependence.pairs.numpy()])
    factor = -(-SIDE // picture.width)
    picture.resize((picture.width * factor, picture.height * factor), Image.Resampling.NEAREST).save(directory / NAME)
    return NAME
