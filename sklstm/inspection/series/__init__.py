"""What a series is like, and what follows for its scaling and its look-back."""
