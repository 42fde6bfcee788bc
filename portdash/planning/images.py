"""What kind of server a container's image holds."""

from collections.abc import Mapping

from portdash.model.server_kinds import kind_named

IMAGES: Mapping[str, str] = {
    "bitnami-postgresql": "postgres", "postgis": "postgres", "timescaledb": "postgres", "pgvector": "postgres",
    "percona": "mysql", "eclipse-mosquitto": "mosquitto", "redis-stack": "redis", "redis-stack-server": "redis",
    "rabbitmq-management": "rabbitmq", "mongo": "mongodb", "httpd": "apache", "etcd": "etcd",
    "cp-kafka": "kafka", "node-exporter": "node-exporter", "mysql-server": "mysql", "mariadb-galera": "mariadb",
    "prometheus": "prometheus", "clickhouse-server": "clickhouse", "kafka-native": "kafka", "valkey-bundle": "valkey",
}  # fmt: skip
"""Kinds of images whose name is not the kind's."""


def image_kind(image: str | None) -> str | None:
    """Return the kind of server in an image: `postgres` for `docker.io/library/postgres:16-alpine`."""
    if not image or image.startswith("sha256:"):
        return None
    *vendors, last = image.partition("@")[0].casefold().split("/")
    name = last.partition(":")[0]
    vendor = vendors[-1] if vendors else ""
    for word in (f"{vendor}-{name}", name, name.partition("-")[0]):
        if kind := IMAGES.get(word) or kind_named(word):
            return kind
    return None
