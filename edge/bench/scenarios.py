"""What is kept of a request's user and items when it comes: the situations that an app meets."""

from __future__ import annotations

SCENARIOS = {  # by name, in the order of what is kept
    "new": "new user, new items",
    "new_items": "user kept, new items",
    "kept": "user and items kept",
    "added": "kept user with one more event, items kept",
}
ENCODING = ("new", "new_items")  # those in which texts of items have to be encoded
