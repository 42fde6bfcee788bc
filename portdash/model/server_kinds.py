"""The kinds of server that are known by name: the only list of them.

`detect` in a configuration names one of these, and so does whatever tells what a listener is.
"""

from collections.abc import Mapping
from types import MappingProxyType

TITLES: Mapping[str, str] = MappingProxyType(
    {
        # What a page is developed with.
        "angular": "Angular", "astro": "Astro", "browser-sync": "Browsersync", "docusaurus": "Docusaurus",
        "eleventy": "Eleventy", "esbuild": "esbuild", "express": "Express", "gatsby": "Gatsby",
        "http-server": "http-server", "hugo": "Hugo", "jekyll": "Jekyll", "json-server": "JSON Server",
        "live-server": "Live Server", "metro": "Metro", "mkdocs": "MkDocs", "nest": "NestJS", "next": "Next.js",
        "nuxt": "Nuxt", "parcel": "Parcel", "react-scripts": "React Scripts", "remix": "Remix", "rsbuild": "Rsbuild",
        "serve": "serve", "storybook": "Storybook", "strapi": "Strapi", "turbopack": "Turbopack", "vite": "Vite",
        "vitepress": "VitePress", "vue-cli": "Vue CLI", "webpack": "webpack",
        "webpack-dev-server": "webpack-dev-server", "wrangler": "Wrangler", "zola": "Zola",
        # Servers of applications.
        "airflow": "Airflow", "daphne": "Daphne", "datasette": "Datasette", "django": "Django", "fastapi": "FastAPI",
        "flask": "Flask", "flower": "Flower", "frankenphp": "FrankenPHP", "go": "Go", "gradio": "Gradio",
        "gradle": "Gradle", "granian": "Granian", "gunicorn": "Gunicorn", "http": "HTTP server",
        "http.server": "Python http.server", "hypercorn": "Hypercorn", "ipykernel": "IPython kernel",
        "jenkins": "Jenkins", "jupyter": "Jupyter", "laravel": "Laravel", "locust": "Locust", "mailpit": "Mailpit",
        "marimo": "marimo", "mlflow": "MLflow", "ollama": "Ollama", "phoenix": "Phoenix", "php": "PHP",
        "php-fpm": "PHP-FPM", "puma": "Puma", "rackup": "Rack", "rails": "Rails", "spring-boot": "Spring Boot",
        "streamlit": "Streamlit", "tensorboard": "TensorBoard", "tomcat": "Tomcat", "tornado": "Tornado",
        "unicorn": "Unicorn", "uvicorn": "Uvicorn", "uwsgi": "uWSGI", "waitress": "Waitress",
        # Databases, caches, queues.
        "activemq": "ActiveMQ", "beanstalkd": "beanstalkd", "cassandra": "Cassandra", "clickhouse": "ClickHouse",
        "cockroach": "CockroachDB", "consul": "Consul", "couchdb": "CouchDB", "dragonfly": "Dragonfly",
        "ejabberd": "ejabberd", "elasticsearch": "Elasticsearch", "etcd": "etcd", "influxdb": "InfluxDB",
        "kafka": "Kafka", "keydb": "KeyDB", "mariadb": "MariaDB", "meilisearch": "Meilisearch",
        "memcached": "memcached", "minio": "MinIO", "mongodb": "MongoDB", "mosquitto": "Mosquitto", "mysql": "MySQL",
        "nats": "NATS", "neo4j": "Neo4j", "nsqd": "NSQ", "opensearch": "OpenSearch", "postgres": "PostgreSQL",
        "qdrant": "Qdrant", "rabbitmq": "RabbitMQ", "redis": "Redis", "redpanda": "Redpanda", "surreal": "SurrealDB",
        "typesense": "Typesense", "valkey": "Valkey", "zookeeper": "ZooKeeper",
        # What watches, what stands before others, and the rest.
        "alertmanager": "Alertmanager", "apache": "Apache httpd", "caddy": "Caddy", "docker-proxy": "Docker's proxy",
        "envoy": "Envoy", "exporter": "Prometheus exporter", "ftp": "FTP server", "grafana": "Grafana",
        "haproxy": "HAProxy", "jaeger": "Jaeger", "kubectl": "kubectl", "loki": "Loki", "nginx": "nginx",
        "node-exporter": "Node exporter", "otel-collector": "OpenTelemetry Collector", "prometheus": "Prometheus",
        "smtp": "SMTP server", "ssh": "SSH server", "ssh-tunnel": "SSH tunnel", "traefik": "Traefik",
    }
)  # fmt: skip
"""What people call each kind, by its name in lower case."""

ALSO_CALLED: Mapping[str, str] = MappingProxyType(
    {
        "amqp": "rabbitmq", "cockroachdb": "cockroach", "expo": "metro", "httpd": "apache", "mongo": "mongodb",
        "mqtt": "mosquitto", "nestjs": "nest", "nextjs": "next", "node_exporter": "node-exporter",
        "postgresql": "postgres", "react": "react-scripts", "spring": "spring-boot", "springboot": "spring-boot",
        "surrealdb": "surreal", "sveltekit": "vite", "wds": "webpack-dev-server", "werkzeug": "flask",
    }
)  # fmt: skip
"""Other names of the same."""


def kind_named(word: str) -> str | None:
    """Return the kind that `word` names, without regard to case; None where there is no such kind."""
    lower = word.casefold()
    name = ALSO_CALLED.get(lower, lower)
    return name if name in TITLES else None
