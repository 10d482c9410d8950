"""The tests of Easel; folders mirror studio/."""
