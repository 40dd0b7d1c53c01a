"""What is made: raw → staging → indicators → index → reports, one module per noun."""
