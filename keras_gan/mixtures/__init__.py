"""The low-dimensional lab: data of a known density, snapshots of the game, a report, Figure 1."""
