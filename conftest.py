"""What holds for the tests of every package; the parts are in `tests/support`."""

pytest_plugins = ["long_runs", "loop_watch"]
