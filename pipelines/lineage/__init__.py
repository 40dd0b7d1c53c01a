"""OpenLineage run events of a month, from our own manifests: what they are made of, the events, and where they go."""
