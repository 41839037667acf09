"""What is kept of a request's user and items when it comes: the situations that an app meets."""

from __future__ import annotations

SCENARIOS = {  # by name, in the order of what is kept
    "new": "user and items never met",
    "new_items": "user kept, items never met",
    "kept": "user and items kept",
    "added": "one event more of a kept user, items kept",
}
ENCODING = ("new", "new_items")  # those in which texts of items have to be encoded
