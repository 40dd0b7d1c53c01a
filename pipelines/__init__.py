"""When and how it runs: definitions, jobs, schedules, and the command line."""
