"""What a training does at a step and how it measures itself: a task for each domain."""
