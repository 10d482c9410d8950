"""What the studio makes of Storybook, measured: `python -m tests.measures` keeps the figures beside the family."""
