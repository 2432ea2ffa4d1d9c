"""A report as files for other programs: its tables, suppressed where they are for others, and their writers."""
