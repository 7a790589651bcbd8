"""The places that show our prices: one file a channel or feed format, each behind the edge gate."""
