"""`python -m fastdln` is `fastdln`."""

from fastdln.cli.app import main

if __name__ == "__main__":
    main()
