"""Train every network of weights/: recipes, tasks, the loop, degradations."""
