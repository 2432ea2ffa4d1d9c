"""One module per section of the page: a Report in, what its template part shows out."""
