"""How every network of weights/ is trained: recipes, tasks, the loop, degradations."""
