"""What the package `spaces` does on ZeroGPU, as far as calls go: arguments and answers are pickled,
and the work is done in a process forked from the caller's. What was asked is printed.
"""

import inspect
import multiprocessing
import pickle
import sys
from functools import wraps

_forking = multiprocessing.get_context("fork")
_is_forked = False


def GPU(task=None, *, duration=None):  # noqa: N802
    if task is None:
        return lambda told: GPU(told, duration=duration)
    if inspect.isgeneratorfunction(task):

        @wraps(task)
        def generate(*arguments):
            yield from task(*arguments) if _is_forked else _forked(task, duration, arguments)

        return generate

    @wraps(task)
    def call(*arguments):
        if _is_forked:
            return task(*arguments)
        return next(_forked(lambda *same: iter([task(*same)]), duration, arguments))

    return call


def _forked(task, duration, arguments):
    lent_s = duration(*arguments) if callable(duration) else duration
    sys.stdout.write(f"lent for {lent_s} s\n")
    sys.stdout.flush()
    there, here = _forking.Pipe(duplex=False)
    process = _forking.Process(target=_work, args=(task, pickle.dumps(arguments), here))
    process.start()
    here.close()
    try:
        while (answer := there.recv()) is not None:
            yield answer[0]
    finally:
        process.terminate()
        process.join()


def _work(task, arguments, answers):
    global _is_forked
    _is_forked = True
    for answer in task(*pickle.loads(arguments)):
        answers.send((answer,))
    answers.send(None)
