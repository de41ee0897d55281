"""The application: routes, agents and the core they stand on."""
