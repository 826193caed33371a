"""What a study is: datasets, tasks, chains, configurations and result rows. No TensorFlow."""
