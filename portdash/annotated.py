"""The annotations in the body of a class, in every version of Python that portdash runs on."""

import sys
from collections.abc import Mapping


def annotations_in(body: Mapping[str, object]) -> dict[str, object]:
    """Return what the body of a class annotates, by name, in its order.

    Since Python 3.14 a body without `from __future__ import annotations` holds a function that makes them. Of names
    that exist for type checkers alone, it then makes forward references.
    """
    found = body.get("__annotations__")
    if found is None and sys.version_info >= (3, 14):
        import annotationlib  # noqa: PLC0415  there is none before

        annotate = annotationlib.get_annotate_from_class_namespace(body)
        if annotate is not None:
            found = annotationlib.call_annotate_function(annotate, annotationlib.Format.FORWARDREF)
    assert found is None or isinstance(found, dict)
    return found or {}
