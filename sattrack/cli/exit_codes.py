"""Exit codes, as the help of `sattrack` states them; 4 is kept for alerts."""

OK, ERROR, USAGE, SOME_FAILED, INTERRUPTED = 0, 1, 2, 3, 130
