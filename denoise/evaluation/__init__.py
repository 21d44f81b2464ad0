"""What networks are measured by: sets, baselines, scorecards, plots and cards."""
