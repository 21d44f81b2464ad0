"""Measure networks: test sets, baselines, scorecards, plots and cards."""
