"""The dashboards as code: ``python -m deploy.observe.dashboards`` writes what Grafana reads.

A panel is a title, a question to Prometheus and a unit; places on the page follow from their order.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "grafana" / "dashboards"
WIDTH, HEIGHT, ACROSS = 8, 8, 3
REQUESTS = "lotsennetz_http_request_seconds"


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture; `legend` names each line by its labels. `worst` colours it red from that value on."""

    title: str
    query: str
    legend: str = ""
    unit: str = "short"
    worst: float | None = None


@dataclass(frozen=True, slots=True)
class Dashboard:
    """One page."""

    uid: str
    title: str
    panels: Sequence[Panel]


NETWORK = Dashboard(
    "lotsennetz-network",
    "Lotsennetz: the services",
    (
        Panel("Services that answer", 'sum by (instance) (up{job="lotsennetz"})', "{{instance}}"),
        Panel("Requests per second", f"sum by (service) (rate({REQUESTS}_count[5m]))", "{{service}}", "reqps"),
        Panel(
            "Share of requests that fail",
            f'sum by (service) (rate({REQUESTS}_count{{status=~"5.."}}[5m]))'
            f" / sum by (service) (rate({REQUESTS}_count[5m]))",
            "{{service}}",
            "percentunit",
            0.02,
        ),
        Panel(
            "Request time, p95",
            f"histogram_quantile(0.95, sum by (service, le) (rate({REQUESTS}_bucket[5m])))",
            "{{service}}",
            "s",
            1,
        ),
        Panel("Waiting for a database connection", "lotsennetz_database_waiting", "{{service}}", worst=1),
        Panel("Since a role last beat", "lotsennetz_role_beat_age_seconds", "{{service}} {{role}}", "s", 60),
        Panel("Outbox: oldest letter", "lotsennetz_outbox_lag_seconds", "{{service}}", "s", 60),
        Panel("Outbox: letters waiting", "lotsennetz_outbox_unpublished", "{{service}}"),
        Panel("Inbox: from written to heard", "lotsennetz_inbox_lag_seconds", "{{service}}", "s", 60),
        Panel("Events published per second", "rate(lotsennetz_published_total[5m])", "{{service}}", "ops"),
        Panel("Put aside, until somebody decides", "lotsennetz_parked_events", "{{service}}", worst=1),
        Panel("Held back for an earlier event", "lotsennetz_held_events", "{{service}}", worst=1),
        Panel("Broker: letters in queues", "sum by (queue) (rabbitmq_detailed_queue_messages)", "{{queue}}"),
    ),
)

REFERRALS = Dashboard(
    "lotsennetz-referrals",
    "Lotsennetz: referrals and partners",
    (
        Panel("Referrals by where they stand", "lotsennetz_referrals", "{{status}}"),
        Panel("Unanswered, by partner", "lotsennetz_referrals_unanswered", "{{organization_id}}"),
        Panel(
            "Oldest unanswered, by partner",
            "lotsennetz_referral_oldest_unanswered_days * 86400",
            "{{organization_id}}",
            "s",
        ),
        Panel("Oldest that reached nobody", "lotsennetz_referral_oldest_unacknowledged_seconds", "", "s", 86400),
        Panel("Deadlines the clock has not met", "lotsennetz_referral_deadlines_overdue", worst=1),
        Panel("Notices not done with", "lotsennetz_deliveries", "{{channel}} {{state}}"),
        Panel("Oldest notice overdue", "lotsennetz_delivery_oldest_overdue_seconds", "", "s", 300),
        Panel("Notices given up, by partner", "lotsennetz_deliveries_parked", "{{organization_id}}", worst=1),
        Panel(
            "Consent engine: decisions per hour",
            "sum by (decision, reason) (rate(referral_consent_decisions_total[1h])) * 3600",
            "{{decision}} {{reason}}",
        ),
        Panel("Erasures not finished", "lotsennetz_unfinished_erasures", worst=1),
        Panel("Persons' keys by wrapping key", "lotsennetz_person_keys", "{{wrapping_id}}"),
    ),
)

AUDIT = Dashboard(
    "lotsennetz-audit",
    "Lotsennetz: the audit log",
    (
        Panel("Entries", "lotsennetz_log_entries"),
        Panel("Entries per second", "rate(lotsennetz_log_entries[5m])", "", "ops"),
        Panel("Not signed since", "lotsennetz_log_unsigned_seconds", "", "s", 60),
        Panel("Missing events, by service", "lotsennetz_log_missing", "{{source}}", worst=1),
        Panel("Events that differ, by service", "lotsennetz_log_differing", "{{source}}", worst=1),
        Panel("Owners of entries that differ", "lotsennetz_log_owners_differing", "{{way}}", worst=1),
        Panel("Since a service last reported", "lotsennetz_log_report_age_seconds", "{{source}}", "s", 600),
        Panel("Countersigned, by witness", "lotsennetz_log_cosigned_entries", "{{witness}}"),
    ),
)

DASHBOARDS = (NETWORK, REFERRALS, AUDIT)


def document(dashboard: Dashboard) -> dict[str, Any]:
    """As Grafana reads it."""
    return {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "tags": ["lotsennetz"],
        "timezone": "browser",
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "panels": [_panel(number, panel) for number, panel in enumerate(dashboard.panels)],
    }


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if panel.worst is not None:
        steps.append({"color": "red", "value": panel.worst})
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": panel.title,
        "datasource": {"type": "prometheus", "uid": "prometheus"},
        "gridPos": {"x": number % ACROSS * WIDTH, "y": number // ACROSS * HEIGHT, "w": WIDTH, "h": HEIGHT},
        "fieldConfig": {
            "defaults": {"unit": panel.unit, "min": 0, "thresholds": {"mode": "absolute", "steps": steps}},
            "overrides": [],
        },
        "targets": [{"refId": "A", "expr": panel.query, "legendFormat": panel.legend or "__auto"}],
    }


def files() -> dict[Path, str]:
    """Every file with its text."""
    return {
        FOLDER / f"{dashboard.uid.removeprefix('lotsennetz-')}.json": json.dumps(document(dashboard), indent=2) + "\n"
        for dashboard in DASHBOARDS
    }


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
