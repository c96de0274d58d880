"""A real AT Protocol network on this machine: PLC directory and PDSes from pinned npm packages."""
