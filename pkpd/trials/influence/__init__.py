"""Which parameters decide an outcome: ranges, designs, indices by SALib, and whether to trust them."""
