"""A model's rows from the history() of its folder: the rule of ClickHouse's query, in a few lines of Arrow."""

from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from headrace.modelfolder import ModelFolder
from trainer.core.query import Query
from trainer.foldercode import foldercode
from trainer.importing.checking import Layout, checked
from trainer.importing.files import of_table
from trainer.ports import Dataset, Rows

ORDER = [("event_time", "ascending"), ("request_id", "ascending")]


class HistoryRows(Rows):
    """Reads the folder's own history each time."""

    def read(self, folder: ModelFolder, asked: Query, as_of: datetime) -> Dataset:
        layout = Layout(task=folder.task, features=folder.features, zone="", source="train.py")
        with foldercode(folder) as code:
            table = code.history()
        wanted = [name for name in layout.columns if name in table.column_names]
        found = [checked(piece, layout) for piece in of_table(table, wanted)]
        assert not any(bad for _, bad in found)
        rows = pa.concat_tables([rows for rows, _ in found]).sort_by(ORDER)
        if folder.task == "classification":
            rows = rows.set_column(rows.column_names.index("label"), "label", rows["label"].cast(pa.bool_()))
        rows = rows.drop_columns(["imported_from"])
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
