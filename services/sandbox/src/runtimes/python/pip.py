"""Stands in for pip, which has nothing to install from here: says what is there, and how to get the rest."""

import sys


def main(arguments=None):
    """Answers `pip install`, `list`, `freeze` and `show`; returns the exit code."""
    import toolmesh_magics as magics

    words = list(sys.argv[1:] if arguments is None else arguments)
    answer = magics.answer_to_pip(" ".join(["pip", *words]))
    print(answer if answer is not None else "pip: only install, list, freeze and show are answered in the sandbox")
    return 1 if answer is not None and "Not installed:" in answer else 0


if __name__ == "__main__":
    sys.exit(main())
