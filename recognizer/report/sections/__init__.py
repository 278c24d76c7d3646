"""The report's sections: a module a kind, each with ``section(material) -> Section``."""
