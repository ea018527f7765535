"""Small real data sets, shipped with the package; ``data/README.md`` names their sources and licences."""

from sklstm.datasets._loaders import load_airline, load_japanese_vowels, load_seattle_weather, load_sunspots

__all__ = ["load_airline", "load_japanese_vowels", "load_seattle_weather", "load_sunspots"]
