"""The tabs, one file each: TITLE and build(page); `shell.TABS` gives their order."""
