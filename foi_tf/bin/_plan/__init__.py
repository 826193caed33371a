"""Parts of foi-plan."""
