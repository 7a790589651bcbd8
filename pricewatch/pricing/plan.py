"""The outcome of `decide`, as columns."""


class PlanFrame:
    """Placeholder until the columns are written."""
