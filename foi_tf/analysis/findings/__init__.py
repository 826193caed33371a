"""The paper's findings A1 to A10, judged on the chains of a study."""
