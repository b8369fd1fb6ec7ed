"""Is unknown said as unknown? What may not happen when a description says less, or more, on made-up machines."""
