"""What the doctor says of one thing."""

from __future__ import annotations

import attrs

from treckk_gateway.channel import Problem


@attrs.frozen(kw_only=True)
class Checked:
    """One thing looked at: what was found, and what is wrong with it if anything is."""

    what: str
    found: str
    problem: Problem | None = None

    @property
    def state(self) -> str:
        """`ok`, `mend`, or `fatal` when the gateway could not run as it is."""
        if self.problem is None:
            return "ok"
        return "fatal" if self.problem.fatal else "mend"

    def shown(self) -> dict[str, str | None]:
        """For programs: `what`, `found`, `state`, and of a problem `summary` and `remedy`."""
        problem = self.problem
        return {
            "what": self.what,
            "state": self.state,
            "found": self.found,
            "summary": problem.summary if problem else None,
            "remedy": problem.remedy if problem else None,
        }


def trouble(what: str, found: str, summary: str, remedy: str, *, fatal: bool = False) -> Checked:
    """One thing that is not as it should be."""
    return Checked(what=what, found=found, problem=Problem(summary=summary, remedy=remedy, fatal=fatal))
