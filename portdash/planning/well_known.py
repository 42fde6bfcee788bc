"""Well-known servers: what type of service each is, and the port it has everywhere until somebody changes it."""

import re

from portdash.model.names import base_name
from portdash.record import record


@record
class WellKnown:
    """One kind of server."""

    type: str
    port: int


_BY_TYPE: dict[str, dict[str, int]] = {
    "database": {
        "postgres": 5432, "postgresql": 5432, "mysql": 3306, "mariadb": 3306, "mongo": 27017, "mongodb": 27017,
        "mssql": 1433, "sqlserver": 1433, "oracle": 1521, "cockroach": 26257, "cockroachdb": 26257, "cassandra": 9042,
        "scylla": 9042, "clickhouse": 8123, "couchdb": 5984, "rethinkdb": 28015, "neo4j": 7687, "influxdb": 8086,
        "surrealdb": 8000, "etcd": 2379, "elasticsearch": 9200, "opensearch": 9200, "meilisearch": 7700,
        "typesense": 8108, "solr": 8983, "qdrant": 6333, "weaviate": 8080, "milvus": 19530, "chroma": 8000,
    },
    "cache": {"redis": 6379, "valkey": 6379, "keydb": 6379, "dragonfly": 6379, "memcached": 11211, "varnish": 6081},
    "queue": {
        "rabbitmq": 5672, "kafka": 9092, "redpanda": 9092, "nats": 4222, "mosquitto": 1883, "mqtt": 1883,
        "activemq": 61616, "pulsar": 6650, "zookeeper": 2181, "temporal": 7233,
    },
    "monitoring": {
        "prometheus": 9090, "grafana": 3000, "alertmanager": 9093, "pushgateway": 9091, "loki": 3100, "tempo": 3200,
        "jaeger": 16686, "zipkin": 9411, "otelcol": 4317, "kibana": 5601, "netdata": 19999, "flower": 5555,
    },
    "development": {
        "vite": 5173, "sveltekit": 5173, "next": 3000, "nextjs": 3000, "nuxt": 3000, "remix": 3000, "rails": 3000,
        "react": 3000, "angular": 4200, "astro": 4321, "gatsby": 8000, "webpack": 8080, "parcel": 1234, "expo": 8081,
        "metro": 8081, "storybook": 6006, "django": 8000, "fastapi": 8000, "uvicorn": 8000, "flask": 5000,
        "phoenix": 4000, "hugo": 1313, "jekyll": 4000, "mkdocs": 8000, "jupyter": 8888, "streamlit": 8501,
        "mailpit": 8025, "mailhog": 8025, "adminer": 8080, "pgadmin": 5050,
    },
    "gateway": {"nginx": 8080, "caddy": 2019, "traefik": 8080, "envoy": 10000, "kong": 8000, "haproxy": 8080},
    "microservice": {"keycloak": 8080, "vault": 8200, "consul": 8500, "minio": 9000, "localstack": 4566},
    "ml": {"ollama": 11434, "vllm": 8000, "mlflow": 5000, "tensorboard": 6006, "gradio": 7860, "lmstudio": 1234},
}  # fmt: skip

TYPES = frozenset(_BY_TYPE)
"""The types that there are."""
WELL_KNOWN = {name: WellKnown(kind, port) for kind, servers in _BY_TYPE.items() for name, port in servers.items()}
"""By name in lower case."""


def well_known(name: str) -> WellKnown | None:
    """Return the kind of server that a name means: `redis`, `Redis`, `shop-redis`; None where it means none, or two."""
    plain = base_name(name).casefold()
    if plain in WELL_KNOWN:
        return WELL_KNOWN[plain]
    found = {WELL_KNOWN[word] for word in re.split(r"[._-]+", plain) if word in WELL_KNOWN}
    return found.pop() if len(found) == 1 else None
