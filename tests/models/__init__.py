"""Models for tests: public architectures with seeded weights, and a trained one."""
