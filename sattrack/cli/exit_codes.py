"""Exit codes, as the help of `sattrack` states them; 4 from `watch`, and from `alert` where --exit-code asks for it."""

OK, ERROR, USAGE, SOME_FAILED, ALERT, INTERRUPTED = 0, 1, 2, 3, 4, 130
