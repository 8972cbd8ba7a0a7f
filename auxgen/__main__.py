"""python -m auxgen"""

from .cli.main import main

if __name__ == "__main__":
    main()
