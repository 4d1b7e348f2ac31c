"""Clusters we do not own: the archive that spark-submit ships, its driver program and the scripts that submit it."""
