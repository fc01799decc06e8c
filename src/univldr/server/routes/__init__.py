"""The routes: parse, ask the service, answer."""
