"""The search: a build for each request so that all pass the check together, or the smallest set of reasons why not."""
