"""What a training is told: data, schedule, network; a recipe for each network."""
