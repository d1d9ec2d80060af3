"""Phase diagrams of gradient descent on deep linear networks, at and beyond the edge of stability."""

from . import analysis as analysis
from . import plots as plots
from . import theory as theory
from .api import extend as extend
from .api import open as open
from .api import plan as plan
from .api import refine as refine
from .api import run as run
from .api import status as status
from .api import verify as verify
from .errors import ClusterError as ClusterError
from .errors import DatasetError as DatasetError
from .errors import IncompleteError as IncompleteError
from .errors import StoreError as StoreError
from .errors import SweepError as SweepError
from .execution.events import ChunkDone as ChunkDone
from .execution.events import ChunkFailed as ChunkFailed
from .execution.events import RunBegun as RunBegun
from .execution.events import RunEnded as RunEnded
from .explorer.explore import explore as explore
from .reports.export import export as export
from .reports.zoom import zoom as zoom
from .sweep.extensions.register import register as register
from .sweep.schema import Sweep as Sweep

__version__: str
