"""From result rows to tables, figures and findings. No TensorFlow."""
