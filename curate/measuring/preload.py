"""What the fork server imports first, before all that it then forks into workers; only `preloaded` imports this too.

A worker first runs the main module of its parent again, as spawned processes do. A script without the `__main__`
guard would so start an audit in every worker, and a command line would be imported for nothing. Nobody pickles
anything of the main module here, so in this one process, which is ours alone, that step is left out.

The server looks at the pipe from its parent only once all is imported, which takes seconds on a busy machine. Until
then the kernel ends it with its parent; and no longer, since "parent" means the thread that has started it.

Until then nothing looks for unreachable objects either: what is imported is none, and from then on, in the workers
too, it is left out of every such look (`gc.freeze`).
"""

import ctypes
import gc
import os
import signal
from multiprocessing import spawn

PARENT = "CURATE_PARENT"
"""In the environment of the server: the number of the process that starts it."""
_SET_PARENT_DEATH_SIGNAL = 1


def end_with_parent(number: int) -> None:
    """Ask the kernel to send this process a signal when its parent ends; 0 for none (prctl(2))."""
    ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, number)


def _leave_main_alone(*_: object) -> None:
    """Stand in for the step that imports the parent's main module."""


gc.disable()
for _step in ("_fixup_main_from_name", "_fixup_main_from_path"):
    setattr(spawn, _step, _leave_main_alone)
end_with_parent(signal.SIGKILL)
if os.environ.get(PARENT, str(os.getppid())) != str(os.getppid()):  # it was gone before the kernel was asked
    os._exit(1)
