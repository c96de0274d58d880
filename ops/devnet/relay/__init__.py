"""The reference relay on a devnet: built once, run as a process, its hosts written for it."""
