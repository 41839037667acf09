"""A verdict as JUnit XML, which CI servers show as tests."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

from edge.bench.check import Check, Verdict, amount
from edge.bench.outputs.text import reasons, title
from edge.inspect.describe import printable


def verdicts_junit(verdicts: Sequence[Verdict]) -> str:
    """One suite per bundle, one test per check."""
    root = ElementTree.Element("testsuites", name="edge-bench gate")
    for verdict in verdicts:
        suite = ElementTree.SubElement(root, "testsuite", name=title(verdict))
        suite.attrib |= {"tests": str(len(verdict.checks)), "failures": str(len(verdict.failed))}
        for check in verdict.checks:
            _add(suite, verdict, check)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _add(suite: ElementTree.Element, verdict: Verdict, check: Check) -> None:
    name = f"{printable(check.what)}: {amount(check.measured)}, limit {amount(check.limit)}"
    case = ElementTree.SubElement(suite, "testcase", classname=title(verdict), name=name)
    if not check.passed:
        failure = ElementTree.SubElement(case, "failure", type="limit", message=printable(check.problem))
        failure.text = "\n".join([printable(check.problem), *reasons(check)])
