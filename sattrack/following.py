"""Following: from a run, or a CSV of anybody's counts, to what was moved at its sites; and what chains of sites say."""
