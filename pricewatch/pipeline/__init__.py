"""The use cases: one module a stage, and what people ask about them."""
