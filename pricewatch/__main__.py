"""`python -m pricewatch` is `pricewatch`."""

from pricewatch.cli.main import main

if __name__ == "__main__":
    main()
