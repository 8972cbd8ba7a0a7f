"""Run folders: what a run is asked, how it trains, is measured and goes on, and why it fails."""
