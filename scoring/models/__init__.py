"""What a trained model is, and how it turns rows into calibrated probabilities."""
