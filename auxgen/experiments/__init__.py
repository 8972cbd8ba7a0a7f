"""The papers' experiments: plans, stages, tables and figures."""
