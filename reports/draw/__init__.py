"""One function per chart: a table in, SVG out."""
