"""Pure functions of tensors: bounds, estimators, directions, schedules."""
