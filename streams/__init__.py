"""Serving: Faust agents fed by librdkafka. An application, run from the checkout or an image."""
