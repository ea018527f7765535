"""Pictures of a training, a forecast, its residuals and a search."""
