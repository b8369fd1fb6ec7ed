"""The planner: a machine, requests and the matrix -> a plan whose machine passes the check, or why there is none."""
