"""What the fork server imports before it forks workers; nothing else imports this module.

A worker first runs the main module of its parent again, as spawned processes do. A script without the `__main__`
guard would so start an audit in every worker, and a command line would be imported for nothing. Nobody pickles
anything of the main module here, so in this one process, which is ours alone, that step is left out.
"""

from multiprocessing import spawn


def _leave_main_alone(*_: object) -> None:
    """Stand in for the step that imports the parent's main module."""


for _step in ("_fixup_main_from_name", "_fixup_main_from_path"):
    setattr(spawn, _step, _leave_main_alone)
