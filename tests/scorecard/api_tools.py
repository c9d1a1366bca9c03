"""What several rows do over the API."""

import threading

import server as dnsd

BATCH = 1000  # [http] max_batch_operations


def pause(seconds: float):
    """Time that has to pass because the claim is about time."""
    threading.Event().wait(seconds)


def put(service: str, instance: str, body: dict) -> dict:
    return {"method": "PUT", "path": f"/api/v1/services/{service}/instances/{instance}", "body": body}


def beat(service: str, instance: str) -> dict:
    return {"method": "PUT", "path": f"/api/v1/services/{service}/instances/{instance}/heartbeat"}


def run_all(api: dnsd.Api, operations: list[dict]):
    for begin in range(0, len(operations), BATCH):
        answer = api.batch(operations[begin:begin + BATCH], "?return=minimal")
        bad = [r for r in (answer.json() or {}).get("results", []) if r["status"] >= 400]
        if answer.status != 200 or bad:
            raise AssertionError(f"batch: {bad[:3] or answer}")


def put_service(api: dnsd.Api, service: str, policy: dict):
    answer = api.call("PUT", f"/api/v1/services/{service}", policy)
    if answer.status not in (200, 201):
        raise AssertionError(f"PUT {service}: {answer}")


def instances(api: dnsd.Api, service: str) -> dict[str, dict]:
    listed = api.call("GET", f"/api/v1/services/{service}/instances?limit=1000").json()
    return {each["id"]: each for each in listed["instances"]}


def available(api: dnsd.Api) -> int:
    return int(api.metric("dnsd_registry_instances_available"))


def revision(api: dnsd.Api) -> int:
    return int(api.metric("dnsd_registry_revision"))


def falls(api: dnsd.Api, services: list[str], after: int) -> list[dict]:
    """Instances that went out of the answers after this revision, for whatever reason."""
    found = []
    for service in services:
        events = api.call("GET", f"/api/v1/events?service={service}&limit=1000").json()["events"]
        found += [e for e in events
                  if e["revision"] > after and e["kind"] == "instance" and not e.get("available", True)]
    return found
