"""Files of the user's as raw examples of a run."""

from pathlib import Path

import numpy as np
import pytest

from ar_lab.codecs.table import TableCodec
from ar_lab.tasks.raw import raw_of


@pytest.mark.parametrize("text", ["a,kind,b\n1,x,2\n3,y,4\n", "b,a\n2,1\n4,3\n"])
def test_a_table_may_have_the_column_of_labels_or_not(tmp_path: Path, text: str):
    path, codec = tmp_path / "rows.csv", TableCodec.fitted(np.array([[1.0, 2.0], [3.0, 5.0]]), ("a", "b"))
    path.write_text(text)
    assert raw_of(path, codec, "kind").tolist() == [[1, 2], [3, 4]]
