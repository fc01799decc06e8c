"""``python -m univldr``."""

from univldr.cli import main

if __name__ == "__main__":
    main()
