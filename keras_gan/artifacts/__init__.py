"""Models on disk: whole files and their sizes, formats, loading, shipping."""
