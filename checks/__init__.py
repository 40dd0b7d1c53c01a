"""What must hold: contracts of the tables, rules of the collection boundary, and the gate."""
