"""Counting: cells as classes, rows chosen by what they hold, and bounded counts that several folds share."""
