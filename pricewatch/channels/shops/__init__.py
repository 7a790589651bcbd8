"""Web shops that take our prices by their own APIs."""
