"""Laws that hold whatever the data."""
