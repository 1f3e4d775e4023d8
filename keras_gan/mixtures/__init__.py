"""The low-dimensional lab: data with a known density, snapshots of the game, a report, and Figure 1."""
