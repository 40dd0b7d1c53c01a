"""The simulated fleet that ``gci demo`` writes.

Sites, meters, loads, inventory, green power, practices, planted faults, and the files they are exported as. Entry point:
``pipelines.demo.write.write_fleet``. Nothing here is used by the product's own computation.
"""
