"""What ran is held against the adapter's quality file, where a class names one under `quality`."""

from __future__ import annotations

import tomllib

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    file = getattr(item.cls, "quality", None)
    if call.when == "call" and file is not None and not hasattr(item, "callspec") and not report.failed:
        name = item.name.removeprefix("test_")
        said = tomllib.loads(file.read_text(encoding="utf-8"))["checks"].get(name)
        if said is not None and (said == "done") == report.skipped:
            report.outcome = "failed"
            report.longrepr = f'{file}: {name} is "{said}", and the check {"was skipped" if report.skipped else "ran"}'
    return report
