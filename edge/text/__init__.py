"""Requests as text and tokens: the contract that every runtime mirrors. SPEC.md is normative."""

from edge.text.request import parse_request, request_from_json, request_to_json
from edge.text.sequence import Segment, TextEncoder, segment_slots
from edge.text.spec import TextSpec
from edge.text.template import Template
from edge.text.types import Event, Item, Request, User, Value
from edge.text.wordpiece import SPECIAL_TOKENS, WordPiece

__all__ = [
    "SPECIAL_TOKENS",
    "Event",
    "Item",
    "Request",
    "Segment",
    "Template",
    "TextEncoder",
    "TextSpec",
    "User",
    "Value",
    "WordPiece",
    "parse_request",
    "request_from_json",
    "request_to_json",
    "segment_slots",
]
