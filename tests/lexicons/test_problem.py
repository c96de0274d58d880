"""Problems say where they are."""

from __future__ import annotations

from lexicons.problem import Problem, Rule


def test_a_path_grows_from_the_inside() -> None:
    """Seen from further out, the path has one step more in front."""
    problem = Problem("", "must be an AT-URI", Rule.FORMAT)
    for step in ("uri", "subject", 3, "items"):
        problem = problem.under(step)
    assert problem == Problem("items/3/subject/uri", "must be an AT-URI", Rule.FORMAT)
    assert str(problem) == "items/3/subject/uri: must be an AT-URI"


def test_a_problem_of_the_whole_has_no_path() -> None:
    """Then the message stands alone."""
    assert str(Problem("", "must be an object", Rule.TYPE)) == "must be an object"
