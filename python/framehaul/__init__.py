"""framehaul turns CVAT annotation projects into training data.

    import framehaul

    dataset = framehaul.open("task.zip")
    report = framehaul.export(dataset, "COCO 1.0", "coco.zip")
    print(report)

`framehaul.mask` and `framehaul.raster` hold the pixel kernels on their own; import them by name.
"""

from framehaul._core import __version__
from framehaul.dataset import Dataset, Inspection, Job, Tables, Task, open  # noqa: A004 - reads as framehaul.open
from framehaul.errors import (
    DroppedError,
    Error,
    InternalError,
    OutputError,
    OutputExistsError,
    OutputPermissionError,
    PartialExportError,
    Place,
    SourceError,
    SourceNotFoundError,
    UnsupportedError,
    UsageError,
)
from framehaul.exporter import Progress, export
from framehaul.frame import Annotation, Frame, Tag
from framehaul.registry import FormatInfo, formats
from framehaul.report import LeftOut, Note, Report, Row
from framehaul.verify import Difference, Finding, Verification, verify

__all__ = [
    "Annotation",
    "Dataset",
    "Difference",
    "DroppedError",
    "Error",
    "Finding",
    "FormatInfo",
    "Frame",
    "Inspection",
    "InternalError",
    "Job",
    "LeftOut",
    "Note",
    "OutputError",
    "OutputExistsError",
    "OutputPermissionError",
    "PartialExportError",
    "Place",
    "Progress",
    "Report",
    "Row",
    "SourceError",
    "SourceNotFoundError",
    "Tables",
    "Tag",
    "Task",
    "UnsupportedError",
    "UsageError",
    "Verification",
    "__version__",
    "export",
    "formats",
    "open",
    "verify",
]
