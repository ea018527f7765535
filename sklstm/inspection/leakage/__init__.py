"""Whether anything that a pipeline learns or returns comes from the future."""
