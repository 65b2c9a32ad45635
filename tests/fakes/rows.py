"""A model's rows from the history() of its folder: the rule of ClickHouse's query, in a few lines of Arrow."""

from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from headrace.modelfolder import ModelFolder
from trainer.core.query import Query
from trainer.foldercode import foldercode
from trainer.history import checked
from trainer.ports import Dataset, Rows

ORDER = [("event_time", "ascending"), ("request_id", "ascending")]


class HistoryRows(Rows):
    """Reads the folder's own history each time."""

    def read(self, folder: ModelFolder, asked: Query, as_of: datetime) -> Dataset:
        with foldercode(folder) as code:
            rows = checked(code.history(), folder)
        rows = rows.filter(pc.field("label").is_valid() & pc.field("label_time").is_valid()).sort_by(ORDER)
        rows = rows.append_column("weight", pa.array([1.0] * rows.num_rows))
        rows = rows.append_column("version", pa.array([""] * rows.num_rows))
        happened, known = pc.field("event_time"), pc.field("label_time")
        until, last = _scalar(asked.until), _scalar(asked.evaluate_until)
        learnable = (happened < until) & (known <= until)
        if asked.since is not None:
            learnable = learnable & (happened >= _scalar(asked.since))
        return Dataset(
            training=rows.filter(learnable).combine_chunks(),
            evaluation=rows.filter((happened >= until) & (happened < last)).combine_chunks(),
        )


def _scalar(value: datetime) -> pc.Expression:
    return pc.scalar(pa.scalar(value, pa.timestamp("us", tz="UTC")))
