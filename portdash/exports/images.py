"""Where the servers of well-known images listen. Data."""

from types import MappingProxyType

IMAGE_PORTS = MappingProxyType(
    {
        "postgres": 5432, "postgis": 5432, "pgvector": 5432, "timescaledb": 5432, "mysql": 3306, "mariadb": 3306,
        "mongo": 27017, "redis": 6379, "valkey": 6379, "memcached": 11211, "elasticsearch": 9200, "opensearch": 9200,
        "kibana": 5601, "grafana": 3000, "prometheus": 9090, "rabbitmq": 5672, "nginx": 80, "httpd": 80, "caddy": 80,
        "traefik": 80, "minio": 9000, "mailhog": 1025, "mailpit": 1025, "nats": 4222, "etcd": 2379, "vault": 8200,
        "influxdb": 8086, "clickhouse-server": 8123, "cassandra": 9042, "neo4j": 7474, "adminer": 8080,
        "keycloak": 8080,
    }
)  # fmt: skip
"""Port on which the server of a well-known image listens, by the last part of the image's name."""
