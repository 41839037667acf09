"""A behaviour log into training and test requests: reading, checking, splitting, wording."""
