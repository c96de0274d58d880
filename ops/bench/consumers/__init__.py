"""Those whose speed is compared, each a function ``consume(Job, Meter) -> Consumed``."""
