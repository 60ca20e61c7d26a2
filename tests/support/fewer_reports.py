"""Fewer messages from the processes that share the tests.

For each test pytest-xdist sends six: that it begins, a report of its setup, its call and its teardown,
that it ends, and that the next may follow. Where setup and teardown pass, all that is needed is the report
of the call. With thousands of short tests, writing and reading the others takes as long as many of the tests.
"""

from _pytest.runner import runtestprotocol


class FewerReports:
    """Runs a test as pytest does, and reports its call, and what failed, was skipped or was printed."""

    def pytest_runtest_protocol(self, item, nextitem):
        for report in runtestprotocol(item, log=False, nextitem=nextitem):
            if report.when == "call" or not report.passed or report.sections:
                item.ihook.pytest_runtest_logreport(report=report)
        return True


def pytest_configure(config):
    needs_all = config.getoption("durations") or config.getoption("xmlpath")
    if hasattr(config, "workerinput") and not needs_all:
        config.pluginmanager.register(FewerReports())
