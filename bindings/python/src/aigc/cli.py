"""The command "aigc": its main function. Options, commands, output and exit codes are in aigc/_cli."""

from __future__ import annotations

import errno
import os
import sys
from argparse import Namespace
from typing import Callable, List, Optional, Sequence

from ._cli import exits
from ._cli.options import parser


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Runs the command and returns its exit code; argparse itself exits with 2 on a wrong command line."""
    options = parser()
    words = list(sys.argv[1:] if arguments is None else arguments)
    run: List[str] = []
    if words[:1] == ["sandbox"] and "--" in words:  # What is behind it is the command's own.
        cut = words.index("--")
        words, run = words[:cut], words[cut + 1 :]
    args = options.parse_args(words)
    args.run = run
    args.words = words
    if args.version:
        return _guarded(_version, False)
    if args.command is None:
        options.print_help(sys.stderr)
        return exits.USAGE
    return _guarded(lambda: _command(args), args.verbose)


def _command(args: Namespace) -> int:
    from ._cli.commands import COMMANDS
    from ._cli.interrupts import Interrupts
    from ._cli.output import Output
    from ._cli.settings import choose
    from .errors import AigcError

    _occupy()
    output = Output(args.json, getattr(args, "quiet", False), args.verbose)
    with Interrupts() as interrupts:
        try:
            choose(args)
            code = COMMANDS[args.command](args, output, interrupts)
        except AigcError as error:
            output.error(error)
            code = exits.of(error)
        finally:
            output.stop_bars()
            output.close()
    output.event(type="end", exit_code=code)
    return exits.FAILURE if output.is_broken and code == exits.OK else code


def _occupy() -> None:
    """Opens standard descriptors that are closed: no socket and no image may get the number that messages are written to."""
    while True:
        file = os.open(os.devnull, os.O_RDWR)
        if file > 2:
            os.close(file)
            return


def _version() -> int:
    from .describe import build_info, version

    print(f"libaigc {version()} {build_info()}")
    return exits.OK


def _guarded(work: Callable[[], int], verbose: bool) -> int:
    """The last line of defence: whatever happens, one line and an exit code instead of a traceback."""
    from .errors import LibraryLoadError

    try:
        return work()
    except KeyboardInterrupt:
        print("aigc: interrupted", file=sys.stderr)
        return exits.INTERRUPTED
    except LibraryLoadError as error:
        print(f"aigc: {error}", file=sys.stderr)
        return exits.FAILURE
    except BrokenPipeError:
        return exits.FAILURE
    except OSError as error:
        if verbose or error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO):
            return _failed(error, verbose)
        print(f"aigc: {error}", file=sys.stderr)
        return exits.MACHINE
    except Exception as error:
        return _failed(error, verbose)


def _failed(error: Exception, verbose: bool) -> int:
    if verbose:
        raise error
    print(f"aigc: {type(error).__name__}: {error} (--verbose shows where)", file=sys.stderr)
    return exits.FAILURE


if __name__ == "__main__":
    sys.exit(main())
