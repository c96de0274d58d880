"""An AT Protocol network in one process, for the demo and for tests; enter `network.World`."""
