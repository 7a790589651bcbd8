"""Reading pages: every price candidate with its role, then one decision, with its evidence."""
