"""What is played again without a column has the same rows with its places blank."""

import torch

from auxgen.runs.bad_column import blank_columns


def test_only_rows_are_blanked() -> None:
    batch = torch.ones(3, 4), torch.ones(3, 4, dtype=torch.int64), torch.ones(3, 5), torch.ones(3)
    rows, *rest = blank_columns(batch, (1,), 4)
    assert rows.isnan().sum(0).tolist() == [0, 3, 0, 0]
    assert all(torch.equal(one, two) for one, two in zip(rest, batch[1:], strict=True))
