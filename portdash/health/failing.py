"""What a check that failed says of the server."""

from portdash.health.http_reading import NotHttp
from portdash.model.health import Health, HealthLevel, HealthState
from portdash.text import clean


def failure(error: Exception, level: HealthLevel, timeout: float) -> Health:
    """Return the verdict. What is no fault of the server's, such as a fault of the check itself, is `unknown`."""
    state = HealthState.UNHEALTHY
    if isinstance(error, NotHttp):
        detail = error.why
    elif isinstance(error, TimeoutError):
        detail = f"no answer within {timeout:g} s"
    elif isinstance(error, ConnectionRefusedError):
        detail = "it refuses connections"
    elif isinstance(error, ConnectionError):
        detail = "it broke the connection off"
    elif isinstance(error, OSError):
        detail = error.strerror or str(error)
    else:
        state, detail = HealthState.UNKNOWN, f"the check failed: {type(error).__name__}: {error}"
    return Health(state=state, level=level, detail=clean(detail))
