"""Models on disk: whole files, formats, loading, shipping."""
