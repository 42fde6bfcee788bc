"""Which programs a type of service is usually run by: a hint about ownership, never a proof."""

import re

from portdash.model.assignment import ServiceSpec
from portdash.model.names import base_name
from portdash.planning.rules import WEB_TYPES, words

_WEB = words(
    "node nodejs bun deno next-server vite webpack esbuild turbo nuxt astro remix ng react-scripts "
    "http-server serve python uvicorn gunicorn hypercorn granian daphne flask fastapi django-admin "
    "jupyter-lab jupyter-notebook streamlit ruby puma rails unicorn php php-fpm frankenphp java "
    "dotnet go air cargo beam.smp elixir nginx caddy httpd apache apache2 traefik envoy haproxy "
    "ollama"
)
_STORES = {
    "database": words(
        "postgres postgresql mysqld mariadbd mongod mongos cockroach clickhouse clickhouse-server "
        "influxd surreal neo4j cassandra scylla sqlservr oracle tidb-server rethinkdb couchdb beam.smp "
        "etcd qdrant milvus weaviate"
    ),
    "cache": words("redis-server redis valkey-server valkey keydb-server dragonfly memcached varnishd"),
    "queue": words("rabbitmq-server beam.smp nats-server redpanda kafka mosquitto nsqd pulsar activemq"),
}
_MONITORING = words(
    "prometheus grafana grafana-server loki promtail alertmanager node_exporter otelcol "
    "otelcol-contrib jaeger tempo victoria-metrics telegraf netdata vector"
)
_VERSION = r"[-_]?[0-9][0-9.]*$"


def program_of(name: str) -> str:
    """Return a process name without version, title and suffix: `python3.11` -> `python`, `postgres: writer`."""
    word = name.casefold().split(maxsplit=1)[0].rstrip(":") if name.strip() else ""
    return re.sub(_VERSION, "", word.removesuffix(".exe")) or word


def runs_as_expected(spec: ServiceSpec, process_name: str, framework: str | None = None) -> bool | None:
    """Say whether a process looks like one that runs this service; None where its type tells nothing either way.

    What its command line says it is counts before its name: kafka is `java`, and RabbitMQ is `beam.smp`. Only types
    with a short list of programs (databases, caches, queues) can say no: anything may serve the web.
    """
    from portdash.planning.frameworks import kind_of  # noqa: PLC0415  asked where somebody listens

    program = program_of(process_name)
    name = base_name(spec.name).casefold()
    kind = (spec.type or "").casefold()
    if name in (program, framework) and name:
        return True
    if kind in _STORES:
        known = kind_of(framework)
        return known == kind if known else program in _STORES[kind]
    if kind in WEB_TYPES and (program in (_WEB | _MONITORING if kind == "monitoring" else _WEB)):
        return kind_of(framework) not in _STORES or None
    return None


def named_after(spec: ServiceSpec, label: str) -> bool:
    """Say whether the name of a unit names this very service: `web.service`, `shop-web@2.service` for `web`."""
    return mentions(label.removesuffix(".service"), base_name(spec.name))


def mentions(label: str, name: str) -> bool:
    """Say whether the words of `name` stand in `label` as words: `my-web` in `shop-my-web@1`."""
    wanted, found = (f"-{'-'.join(re.findall('[a-z0-9]+', each.casefold()))}-" for each in (name, label))
    return wanted != "--" and wanted in found


def named_like(spec: ServiceSpec, label: str) -> bool:
    """Say whether a container's name speaks of this service or its kind: `my-redis-1` for `redis`."""
    found = set(re.split(r"[^a-z0-9]+", label.casefold()))
    programs = _STORES.get((spec.type or "").casefold(), frozenset())
    return (
        base_name(spec.name).casefold() in found or label.casefold() == spec.name.casefold() or bool(found & programs)
    )
