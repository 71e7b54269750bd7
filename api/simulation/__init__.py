"""A village's year in a few seconds: phones, reviewers and one server under every kind of fault.

One process, one thread, one seed. The seed owns the time, every random byte, the network and the
storage, so a seed replays its run byte for byte. The server is the real application on a real
database, the phones are the real client with its real store; only the wire between them and the
hours around them are invented. What happened is judged by `api.simulation.model`, which knows the
promises and nothing of the engine.
"""
